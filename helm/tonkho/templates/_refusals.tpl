{{/*
What no schema can refuse, or could not give the reason for.
*/}}

{{- define "tonkho.refuse" -}}
{{- if gt (int .Values.replicas) 1 }}
{{- fail (printf "replicas: %d is refused: replicas do not know of each other yet, and each would spend the shops' whole call buckets at Haravan. One replica serves thousands of requests a second; give it more CPU instead" (int .Values.replicas)) }}
{{- end }}
{{- include "tonkho.refuse.hosts" . }}
{{- include "tonkho.refuse.tokens" . }}
{{- include "tonkho.refuse.webhooks" . }}
{{- include "tonkho.refuse.memory" . }}
{{- end }}

{{- define "tonkho.refuse.hosts" -}}
{{- $shops := dict }}
{{- range $shop := .Values.config.shops }}
{{- $org := include "tonkho.orgId" $shop }}
{{- range $host := $shop.hosts }}
{{- $first := get $shops (lower $host) | default $org }}
{{- if ne $first $org }}
{{- fail (printf "config.shops: shops %s and %s have the same host %s" $first $org $host) }}
{{- end }}
{{- $_ := set $shops (lower $host) $org }}
{{- end }}
{{- end }}
{{- end }}

{{- define "tonkho.refuse.tokens" -}}
{{- $shops := list }}
{{- range .Values.config.shops }}
{{- $org := include "tonkho.orgId" . }}
{{- if has $org $shops }}
{{- fail (printf "config.shops: there are two shops with org_id %s" $org) }}
{{- end }}
{{- $shops = append $shops $org }}
{{- if not (or $.Values.existingSecret (get $.Values.tokens $org)) }}
{{- fail (printf "tokens: shop %s has none: set tokens.%s, or existingSecret to a Secret that holds HARAVAN_TOKEN_%s" $org $org $org) }}
{{- end }}
{{- end }}
{{- range $org, $token := .Values.tokens }}
{{- if $.Values.existingSecret }}
{{- fail "tokens: must be empty, since existingSecret holds the tokens" }}
{{- end }}
{{- if not (has $org $shops) }}
{{- fail (printf "tokens: there is one for shop %s, which is not in config.shops" $org) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "tonkho.refuse.webhooks" -}}
{{- with .Values.webhooks }}
{{- if and .enabled (not $.Values.existingSecret) (not (and .clientSecret .verifyToken)) }}
{{- fail "webhooks: enabled, but without secrets: set webhooks.clientSecret and webhooks.verifyToken, or existingSecret" }}
{{- end }}
{{- if and (or .clientSecret .verifyToken) (or $.Values.existingSecret (not .enabled)) }}
{{- fail "webhooks: clientSecret and verifyToken would not be used: they need webhooks.enabled, and no existingSecret" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Caches that outgrow the memory would end the pod in the middle of a busy day. */}}
{{- define "tonkho.refuse.memory" -}}
{{- $spare := 134217728 }}
{{- $everywhere := dig "cache" "max_bytes" "256MiB" .Values.config }}
{{- $readyEverywhere := dig "cache" "ready_bytes" "32MiB" .Values.config }}
{{- $caches := 0 }}
{{- range .Values.config.shops }}
{{- $caches = add $caches (include "tonkho.bytes" (dig "cache" "max_bytes" $everywhere .)) }}
{{- $caches = add $caches (include "tonkho.bytes" (dig "cache" "ready_bytes" $readyEverywhere .)) }}
{{- end }}
{{- with dig "limits" "memory" "" .Values.resources }}
{{- if lt (include "tonkho.bytes" . | int64) (add $caches $spare) }}
{{- fail (printf "resources.limits.memory: %v is too little: the caches of %d shops may grow to %d MiB, and the rest needs 128 MiB. Raise it, or lower config.cache.max_bytes" . (len $.Values.config.shops) (div $caches 1048576)) }}
{{- end }}
{{- end }}
{{- end }}
