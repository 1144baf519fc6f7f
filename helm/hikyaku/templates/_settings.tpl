{{/* From values to the services' file, in libconfig syntax. */}}

{{/* One value. */}}
{{- define "hikyaku.value" -}}
{{- if kindIs "map" . -}}
{ {{ range $name := keys . | sortAlpha }}{{ $value := get $ $name }}{{ if not (kindIs "invalid" $value) }}{{ $name }} = {{ include "hikyaku.value" $value }}; {{ end }}{{ end }}}
{{- else if kindIs "slice" . -}}
{{- $parts := list -}}
{{- $isOfMaps := false -}}
{{- range . }}{{ $parts = append $parts (include "hikyaku.value" .) }}{{ if kindIs "map" . }}{{ $isOfMaps = true }}{{ end }}{{ end -}}
{{- if $isOfMaps }}(
    {{ join ",\n    " $parts }}
){{ else }}[{{ join ", " $parts }}]{{ end -}}
{{- else if kindIs "string" . -}}
{{ printf "%q" . }}
{{- else if kindIs "float64" . -}}
{{- if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/* "name=value" of librdkafka, as JSON under key "all". */}}
{{- define "hikyaku.librdkafka" -}}
{{- $kafka := .Values.externalKafka -}}
{{- $all := list -}}
{{- if not .Values.quickstart.enabled -}}
{{- if and $kafka.tls.enabled $kafka.sasl.mechanism }}{{ $all = append $all "security.protocol=SASL_SSL" }}
{{- else if $kafka.tls.enabled }}{{ $all = append $all "security.protocol=SSL" }}
{{- else if $kafka.sasl.mechanism }}{{ $all = append $all "security.protocol=SASL_PLAINTEXT" }}{{ end -}}
{{- if and $kafka.tls.enabled $kafka.tls.existingSecret -}}
{{- $all = append $all "ssl.ca.location=/etc/hikyaku/kafka/ca.crt" -}}
{{- if $kafka.tls.clientCertificate -}}
{{- $all = concat $all (list "ssl.certificate.location=/etc/hikyaku/kafka/tls.crt" "ssl.key.location=/etc/hikyaku/kafka/tls.key") -}}
{{- end -}}
{{- end -}}
{{- if $kafka.sasl.mechanism -}}
{{- $all = append $all (printf "sasl.mechanisms=%s" $kafka.sasl.mechanism) -}}
{{- end -}}
{{- end -}}
{{- dict "all" (concat $all $kafka.librdkafka) | toJson -}}
{{- end -}}

{{/* One listener of the file. (dict "root" $ "listener" .) */}}
{{- define "hikyaku.listener" -}}
{{- $own := dict "name" .listener.name "address" .root.Values.bindAddress "port" .listener.port "public_port" .listener.publicPort -}}
{{- if .listener.tlsSecret -}}
{{- $folder := printf "/etc/hikyaku/tls/%s" .listener.name -}}
{{- $_ := set $own "certificate" (printf "%s/tls.crt" $folder) -}}
{{- $_ := set $own "key" (printf "%s/tls.key" $folder) -}}
{{- end -}}
{{- merge $own (deepCopy (default (dict) .listener.settings)) | toJson -}}
{{- end -}}

{{/* Section redis, as JSON. */}}
{{- define "hikyaku.redisSettings" -}}
{{- $redis := .Values.externalRedis -}}
{{- $own := dict "address" (include "hikyaku.redis" .) "database" $redis.database -}}
{{- if not .Values.quickstart.enabled -}}
{{- if $redis.existingSecret }}{{ $_ := set $own "password_file" (printf "/etc/hikyaku/redis-login/%s" $redis.passwordKey) }}{{ end -}}
{{- with $redis.username }}{{ $_ := set $own "username" . }}{{ end -}}
{{- if $redis.tls.enabled -}}
{{- $_ := set $own "tls" true -}}
{{- with $redis.tls.serverName }}{{ $_ := set $own "tls_name" . }}{{ end -}}
{{- if $redis.tls.existingSecret }}{{ $_ := set $own "tls_ca" "/etc/hikyaku/redis/ca.crt" }}{{ end -}}
{{- if $redis.tls.clientCertificate }}{{ $own = merge $own (dict "tls_certificate" "/etc/hikyaku/redis/tls.crt" "tls_key" "/etc/hikyaku/redis/tls.key") }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $own | toJson -}}
{{- end -}}

{{- define "hikyaku.opsAddress" -}}
{{- if contains ":" .Values.bindAddress }}[{{ .Values.bindAddress }}]{{ else }}{{ .Values.bindAddress }}{{ end }}:9090
{{- end -}}

{{/* All sections, as JSON. */}}
{{- define "hikyaku.sections" -}}
{{- $file := deepCopy .Values.settings -}}
{{- $hostname := include "hikyaku.hostname" . -}}
{{- $_ := set $file "service" (dict "ops_address" (include "hikyaku.opsAddress" .)) -}}
{{- $_ := set $file "logging" (merge (dict "level" .Values.logLevel) $file.logging) -}}
{{- $log := dict "brokers" (include "hikyaku.brokers" .) -}}
{{- if .Values.quickstart.enabled -}}
{{- $log = merge $log (dict "replication" 1 "min_insync" 1) -}}
{{- end -}}
{{- with (include "hikyaku.librdkafka" . | fromJson).all }}{{ $_ := set $log "librdkafka" . }}{{ end -}}
{{- $login := .Values.externalKafka.sasl -}}
{{- if and $login.mechanism (not .Values.quickstart.enabled) -}}
{{- $_ := set $log "librdkafka_files" (list (printf "sasl.username=/etc/hikyaku/kafka-login/%s" $login.usernameKey) (printf "sasl.password=/etc/hikyaku/kafka-login/%s" $login.passwordKey)) -}}
{{- end -}}
{{- $_ := set $file "log" (merge $log $file.log) -}}
{{- $_ := set $file "redis" (merge (include "hikyaku.redisSettings" . | fromJson) $file.redis) -}}
{{- $ingress := dict "hostname" $hostname -}}
{{- if .Values.ingress.usersSecret }}{{ $_ := set $ingress "users_file" "/etc/hikyaku/users/users" }}{{ end -}}
{{- $_ := set $file "ingress" (merge $ingress $file.ingress) -}}
{{- $_ := set $file "sender" (merge (dict "hostname" $hostname) $file.sender) -}}
{{- $_ := set $file "bouncer" (merge (dict "reporting_mta" $hostname) $file.bouncer) -}}
{{- $listeners := list -}}
{{- range .Values.listeners -}}
{{- $listeners = append $listeners (include "hikyaku.listener" (dict "root" $ "listener" .) | fromJson) -}}
{{- end -}}
{{- $_ := set $file "listeners" $listeners -}}
{{- $file | toJson -}}
{{- end -}}

{{/* The longest retry period of all configurations, in seconds, as the services find it: a configuration without a name is
     the one called "default", which is there with its fallbacks when no other has that name. */}}
{{- define "hikyaku.longestPeriod" -}}
{{- $periods := dict "default" 86400 -}}
{{- range .Values.settings.configurations -}}
{{- $_ := set $periods (.name | default "default") (get (.retry | default dict) "period_s" | default 86400 | int) -}}
{{- end -}}
{{- $longest := 0 -}}
{{- range values $periods }}{{ $longest = max $longest . }}{{ end -}}
{{- $longest -}}
{{- end -}}

{{/* What running processes cannot take over: everything but their live sections (docs/settings.md), and the longest retry
     period, which the log is opened for. A change of it restarts the pods. */}}
{{- define "hikyaku.bootstrap" -}}
{{- $file := include "hikyaku.sections" . | fromJson -}}
{{- set (omit $file "bounces" "configurations" "forwarding_rules" "logging" "sending_domains" "source_pools") "longest_period_s" (include "hikyaku.longestPeriod" . | int) | toJson -}}
{{- end -}}

{{/* The file: one section after the other, one setting per line; nothing for what is empty. */}}
{{- define "hikyaku.file" -}}
# Written by the chart from values.yaml. docs/settings.md tells what each setting does.
{{- $file := include "hikyaku.sections" . | fromJson }}
{{- range $name := keys $file | sortAlpha }}
{{- $section := get $file $name }}
{{- if and $section (kindIs "map" $section) }}
{{ $name }}: {
{{- range $setting := keys $section | sortAlpha }}
    {{ $setting }} = {{ include "hikyaku.value" (get $section $setting) }};
{{- end }}
};
{{- else if $section }}
{{ $name }} = {{ include "hikyaku.value" $section }};
{{- end }}
{{- end }}
{{- end -}}
