{{/*
The container's variables: every secret by reference, none by value.
*/}}

{{- define "tonkho.env" -}}
{{- $env := list }}
{{- if .Values.keys }}
{{- $env = append $env (include "tonkho.env.secret" (dict "name" "TONKHO__KEYS" "secret" (include "tonkho.keysSecret" .)) | fromYaml) }}
{{- end }}
{{- $haravan := include "tonkho.haravanSecret" . }}
{{- range .Values.config.shops }}
{{- $env = append $env (include "tonkho.env.secret" (dict "name" (include "tonkho.tokenName" .) "secret" $haravan) | fromYaml) }}
{{- end }}
{{- if .Values.webhooks.enabled }}
{{- range list "HARAVAN_CLIENT_SECRET" "HARAVAN_VERIFY_TOKEN" }}
{{- $env = append $env (include "tonkho.env.secret" (dict "name" . "secret" $haravan) | fromYaml) }}
{{- end }}
{{- end }}
{{- with concat $env .Values.extraEnv -}}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "tonkho.env.secret" -}}
name: {{ .name }}
valueFrom:
  secretKeyRef:
    name: {{ .secret }}
    key: {{ .name }}
{{- end }}
