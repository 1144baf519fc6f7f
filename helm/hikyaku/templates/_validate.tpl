{{/* What the schema cannot say. Each sentence names the value. */}}
{{- define "hikyaku.validate" -}}
{{- if not .Values.quickstart.enabled -}}
{{- if not .Values.externalKafka.brokers -}}
{{- fail "externalKafka.brokers is missing: give the Kafka brokers as host:port,host:port, or set quickstart.enabled=true to try hikyaku without a Kafka of your own" -}}
{{- end -}}
{{- range split "," (include "hikyaku.brokers" .) -}}
{{- if not (regexMatch "^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$" .) -}}
{{- fail (printf "externalKafka.brokers: %q is not of the form host:port" .) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.externalRedis.nodes -}}
{{- fail "externalRedis.nodes is missing: give Redis as host:port, or set quickstart.enabled=true to try hikyaku without a Redis of your own" -}}
{{- end -}}
{{- range split "," (include "hikyaku.redis" .) -}}
{{- if not (regexMatch "^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$" .) -}}
{{- fail (printf "externalRedis.nodes: %q is not of the form host:port" .) -}}
{{- end -}}
{{- end -}}
{{- else if or .Values.externalKafka.brokers .Values.externalRedis.nodes -}}
{{- fail "quickstart.enabled brings its own Kafka and Redis: leave externalKafka.brokers and externalRedis.nodes empty, or turn quickstart off" -}}
{{- end -}}
{{- if and .Values.externalKafka.sasl.mechanism (not .Values.externalKafka.sasl.existingSecret) -}}
{{- fail "externalKafka.sasl.existingSecret is missing: externalKafka.sasl.mechanism needs a Secret with user name and password" -}}
{{- end -}}
{{- if and .Values.externalKafka.tls.clientCertificate (not .Values.externalKafka.tls.existingSecret) -}}
{{- fail "externalKafka.tls.existingSecret is missing: externalKafka.tls.clientCertificate needs a Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if and (eq .Values.topics.provisioner "strimzi") (not .Values.topics.strimzi.cluster) -}}
{{- fail "topics.strimzi.cluster is missing: topics.provisioner strimzi needs the name of the Kafka object" -}}
{{- end -}}
{{- if and (eq .Values.topics.provisioner "strimzi") .Values.quickstart.enabled -}}
{{- fail "topics.provisioner: quickstart's Kafka is not Strimzi's; use job" -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- fail "monitoring.podMonitor.enabled and monitoring.serviceMonitor.enabled: each pod would be counted twice; choose one" -}}
{{- end -}}
{{- if and .Values.externalRedis.username (not .Values.externalRedis.existingSecret) -}}
{{- fail "externalRedis.existingSecret is missing: externalRedis.username needs a Secret with the password" -}}
{{- end -}}
{{- if and .Values.externalRedis.tls.clientCertificate (not .Values.externalRedis.tls.existingSecret) -}}
{{- fail "externalRedis.tls.existingSecret is missing: externalRedis.tls.clientCertificate needs a Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- include "hikyaku.validateListeners" . -}}
{{- include "hikyaku.validateScaling" . -}}
{{- end -}}

{{- define "hikyaku.validateListeners" -}}
{{- $names := dict -}}{{- $ports := dict "9090" "the ops port" -}}{{- $public := dict -}}
{{- range .Values.listeners -}}
{{- $port := .port | int | toString -}}{{- $publicPort := .publicPort | int | toString -}}
{{- if hasKey $names .name }}{{ fail (printf "listeners: the name %q is there twice" .name) }}{{ end -}}
{{- if hasKey $ports $port }}{{ fail (printf "listeners: port %s of %q is taken by %s" $port .name (get $ports $port)) }}{{ end -}}
{{- if hasKey $public $publicPort }}{{ fail (printf "listeners: publicPort %s is there twice" $publicPort) }}{{ end -}}
{{- $listener := default (dict) .settings -}}
{{- if and (contains "auth" (get $listener "policy" | default "network")) (not (and .tlsSecret $.Values.ingress.usersSecret)) -}}
{{- fail (printf "listeners: policy %q of %q needs the listener's tlsSecret and ingress.usersSecret: passwords travel within TLS only" $listener.policy .name) -}}
{{- end -}}
{{- if and (eq (get $listener "tls" | default "starttls") "implicit") (not .tlsSecret) -}}
{{- fail (printf "listeners: tls = \"implicit\" of %q needs the listener's tlsSecret" .name) -}}
{{- end -}}
{{- if and (get $listener "proxy") (not (get $listener "proxy_trusted")) -}}
{{- fail (printf "listeners: proxy of %q needs proxy_trusted, the networks of your load balancers: anybody else could claim any address" .name) -}}
{{- end -}}
{{- $_ := set $names .name true -}}{{- $_ := set $ports $port (printf "listener %q" .name) -}}{{- $_ := set $public $publicPort true -}}
{{- end -}}
{{- end -}}

{{- define "hikyaku.validateScaling" -}}
{{- $log := .Values.settings.log -}}
{{- $partitions := dict "sender" (list "work_partitions" (get $log "work_partitions" | default 64 | int)) "bouncer" (list "failure_partitions" (get $log "failure_partitions" | default 16 | int)) -}}
{{- range $role, $limit := $partitions -}}
{{- $scaling := (get $.Values $role).autoscaling -}}
{{- $most := ternary ($scaling.maxReplicas | int) ((get $.Values $role).replicas | int) $scaling.enabled -}}
{{- if gt $most (index $limit 1) -}}
{{- fail (printf "%s.%s: %d pods are more than settings.log.%s = %d: those without a partition would do nothing" $role (ternary "autoscaling.maxReplicas" "replicas" $scaling.enabled) $most (index $limit 0) (index $limit 1)) -}}
{{- end -}}
{{- end -}}
{{- range $role := list "ingress" "sender" "bouncer" -}}
{{- $scaling := (get $.Values $role).autoscaling -}}
{{- if gt ($scaling.minReplicas | int) ($scaling.maxReplicas | int) -}}
{{- fail (printf "%s.autoscaling.minReplicas is larger than maxReplicas" $role) -}}
{{- end -}}
{{- if and $scaling.enabled $.Values.quickstart.enabled -}}
{{- fail (printf "%s.autoscaling.enabled: quickstart runs one pod of everything" $role) -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) -}}
{{- fail "image.tag: \"latest\" is another image every day; give a version or image.digest" -}}
{{- end -}}
{{- end -}}
