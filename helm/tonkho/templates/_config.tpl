{{/*
tonkho.toml out of the values. A JSON scalar or list of scalars is its own TOML, whichever way Helm holds numbers.
*/}}

{{- define "tonkho.toml" -}}
{{- $config := .Values.config -}}
[server]
listen = "0.0.0.0:8080"
{{- include "tonkho.toml.keys" ($config.server | default dict) }}
{{- range $section := list "haravan" "rate" "cache" "limits" "passthrough" "telemetry" }}
{{- $webhooks := and (eq $section "haravan") $.Values.webhooks.enabled }}
{{- $keys := get $config $section | default dict }}
{{- if or $keys $webhooks }}

[{{ $section }}]
{{- include "tonkho.toml.keys" $keys }}
{{- if $webhooks }}
client_secret_env = "HARAVAN_CLIENT_SECRET"
verify_token_env = "HARAVAN_VERIFY_TOKEN"
{{- end }}
{{- end }}
{{- end }}
{{- range $shop := $config.shops }}

[[shops]]
{{- include "tonkho.toml.keys" (omit $shop "rate" "cache") }}
token_env = {{ include "tonkho.tokenName" $shop | toJson }}
{{- range $table := list "rate" "cache" }}
{{- with get $shop $table }}

[shops.{{ $table }}]
{{- include "tonkho.toml.keys" . }}
{{- end }}
{{- end }}
{{- end }}
{{ end }}

{{/* The lines of one table. */}}
{{- define "tonkho.toml.keys" -}}
{{- range $key, $value := . }}
{{- if not (kindIs "invalid" $value) }}
{{ $key }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* The keys as one TOML value on one line, for a variable. */}}
{{- define "tonkho.keys" -}}
{{- $keys := list }}
{{- range .Values.keys }}
{{- $members := list }}
{{- range $name, $value := . }}
{{- $members = append $members (printf "%s = %s" $name (toJson $value)) }}
{{- end }}
{{- $keys = append $keys (printf "{%s}" (join ", " $members)) }}
{{- end }}
{{- printf "[%s]" (join ", " $keys) }}
{{- end }}

{{/* A shop's org id in digits: a large number must not become 1e+06. */}}
{{- define "tonkho.orgId" -}}
{{- toJson .org_id | trimAll "\"" }}
{{- end }}

{{/* What a shop's token is called, in the Secret and in the container. */}}
{{- define "tonkho.tokenName" -}}
HARAVAN_TOKEN_{{ include "tonkho.orgId" . }}
{{- end }}

{{/* A duration such as "1m 30s" in whole seconds, rounded up. */}}
{{- define "tonkho.seconds" -}}
{{- $milliseconds := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 }}
{{- $total := 0 }}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 }}
{{- $total = add $total (mul (regexFind "[0-9]+" .) (get $milliseconds (regexFind "[a-z]+" .))) }}
{{- end }}
{{- div (add $total 999) 1000 }}
{{- end }}

{{/* A size such as "256MiB" or 512Mi in bytes. */}}
{{- define "tonkho.bytes" -}}
{{- $size := toJson . | trimAll "\"" | replace " " "" | lower | trimSuffix "b" }}
{{- $units := dict "" 1 "k" 1000 "ki" 1024 "m" 1000000 "mi" 1048576 "g" 1000000000 "gi" 1073741824 "t" 1000000000000 "ti" 1099511627776 }}
{{- mulf (regexFind "^[0-9.]+" $size | float64) (get $units (regexFind "[a-z]*$" $size)) | floor | int64 }}
{{- end }}
