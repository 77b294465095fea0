{{/*
What things are called, and the labels they carry.
*/}}

{{- define "tonkho.fullname" -}}
{{- $name := .Release.Name }}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end }}
{{- $name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "tonkho.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "tonkho.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* What does not change over a release's life: selectors are immutable. */}}
{{- define "tonkho.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "tonkho.labels" -}}
{{ include "tonkho.commonLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "tonkho.commonLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tonkho.image" -}}
{{- with .Values.image }}
{{- .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* The Secret that holds the shops' tokens and the secrets of webhooks. */}}
{{- define "tonkho.haravanSecret" -}}
{{- .Values.existingSecret | default (printf "%s-haravan" (include "tonkho.fullname" .)) }}
{{- end }}

{{- define "tonkho.keysSecret" -}}
{{ include "tonkho.fullname" . }}-keys
{{- end }}
