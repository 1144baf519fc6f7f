{{/* Names, labels, image: what every object shares. */}}

{{- define "hikyaku.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "hikyaku.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "hikyaku.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hikyaku.hostname" -}}
{{- .Values.hostname | default (printf "%s.%s.svc.%s" (include "hikyaku.fullname" .) .Release.Namespace .Values.clusterDomain) -}}
{{- end -}}

{{/* Never changes in the life of a release. (dict "root" $ "role" "sender"); role may be empty. */}}
{{- define "hikyaku.selector" -}}
app.kubernetes.io/name: {{ include "hikyaku.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "hikyaku.labels" -}}
{{ include "hikyaku.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: hikyaku
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* (dict "root" $ "role" "sender" "name" "suffix or empty" "annotations" (dict)) */}}
{{- define "hikyaku.metadata" -}}
name: {{ include "hikyaku.fullname" .root }}{{ with .name }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "hikyaku.labels" . | nindent 2 }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "hikyaku.imageOf" -}}
{{- with .root.Values.global.imageRegistry }}{{ . }}/{{ end }}{{ .image -}}
{{- end -}}

{{- define "hikyaku.image" -}}
{{- $image := .Values.image -}}
{{- $registry := .Values.global.imageRegistry | default $image.registry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "hikyaku.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "hikyaku.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "hikyaku.brokers" -}}
{{- if .Values.quickstart.enabled -}}
{{ include "hikyaku.fullname" . }}-kafka:9092
{{- else if kindIs "slice" .Values.externalKafka.brokers -}}
{{ join "," .Values.externalKafka.brokers }}
{{- else -}}
{{ .Values.externalKafka.brokers }}
{{- end -}}
{{- end -}}

{{- define "hikyaku.redis" -}}
{{- if .Values.quickstart.enabled -}}
{{ include "hikyaku.fullname" . }}-redis:6379
{{- else if kindIs "slice" .Values.externalRedis.nodes -}}
{{ join "," .Values.externalRedis.nodes }}
{{- else -}}
{{ .Values.externalRedis.nodes }}
{{- end -}}
{{- end -}}

{{- define "hikyaku.replicas" -}}
{{- if .root.Values.quickstart.enabled }}1{{ else }}{{ (get .root.Values .role).replicas | int }}{{ end -}}
{{- end -}}

{{/* How KEDA gets into a Kafka with TLS or logins, from externalKafka, as JSON: metadata of a trigger, secrets of a
     TriggerAuthentication. Nothing where the user names one: then it says everything. */}}
{{- define "hikyaku.kedaLogin" -}}
{{- $tls := .Values.externalKafka.tls -}}{{- $sasl := .Values.externalKafka.sasl -}}
{{- $metadata := dict -}}{{- $secrets := list -}}
{{- if not .Values.keda.kafkaAuthentication -}}
{{- if $tls.enabled -}}
{{- $_ := set $metadata "tls" "enable" -}}
{{- with $tls.existingSecret }}{{ $secrets = append $secrets (dict "parameter" "ca" "name" . "key" "ca.crt") }}{{ end -}}
{{- if $tls.clientCertificate -}}
{{- $secrets = append $secrets (dict "parameter" "cert" "name" $tls.existingSecret "key" "tls.crt") -}}
{{- $secrets = append $secrets (dict "parameter" "key" "name" $tls.existingSecret "key" "tls.key") -}}
{{- end -}}
{{- end -}}
{{- with $sasl.mechanism -}}
{{- $_ := set $metadata "sasl" (get (dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512") .) -}}
{{- $secrets = append $secrets (dict "parameter" "username" "name" $sasl.existingSecret "key" $sasl.usernameKey) -}}
{{- $secrets = append $secrets (dict "parameter" "password" "name" $sasl.existingSecret "key" $sasl.passwordKey) -}}
{{- end -}}
{{- end -}}
{{- dict "metadata" $metadata "secrets" $secrets | toJson -}}
{{- end -}}

{{/* Non-empty where KEDA scales the role: asked for, and there to do it. */}}
{{- define "hikyaku.isScaledByKeda" -}}
{{- $role := get .root.Values .role -}}
{{- if and (hasKey $role "autoscaling") (ne .role "ingress") -}}
{{- if and $role.autoscaling.enabled (.root.Capabilities.APIVersions.Has "keda.sh/v1alpha1") }}yes{{ end -}}
{{- end -}}
{{- end -}}
