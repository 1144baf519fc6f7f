{{/* Pods of our own image: (dict "root" $ "role" "sender"), role also "topics" and "test". */}}

{{- define "hikyaku.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "hikyaku.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{- define "hikyaku.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end -}}

{{/* Secrets with credentials, as JSON under key "all": name of the volume -> {secret, path}. They are mounted as files, which
     the services read again when they are replaced; nothing of them is in the environment, in arguments or in the ConfigMap. */}}
{{- define "hikyaku.credentials" -}}
{{- $all := dict -}}
{{- if not .Values.quickstart.enabled -}}
{{- $kafka := .Values.externalKafka -}}{{- $redis := .Values.externalRedis -}}
{{- if and $kafka.tls.enabled $kafka.tls.existingSecret }}{{ $_ := set $all "kafka-tls" (dict "secret" $kafka.tls.existingSecret "path" "/etc/hikyaku/kafka") }}{{ end -}}
{{- if $kafka.sasl.mechanism }}{{ $_ := set $all "kafka-login" (dict "secret" $kafka.sasl.existingSecret "path" "/etc/hikyaku/kafka-login") }}{{ end -}}
{{- if $redis.existingSecret }}{{ $_ := set $all "redis-login" (dict "secret" $redis.existingSecret "path" "/etc/hikyaku/redis-login") }}{{ end -}}
{{- if and $redis.tls.enabled $redis.tls.existingSecret }}{{ $_ := set $all "redis-tls" (dict "secret" $redis.tls.existingSecret "path" "/etc/hikyaku/redis") }}{{ end -}}
{{- end -}}
{{- dict "all" $all | toJson -}}
{{- end -}}

{{- define "hikyaku.volumeMounts" -}}
- name: settings
  mountPath: /etc/hikyaku/settings
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- range $name, $one := (include "hikyaku.credentials" . | fromJson).all }}
- name: {{ $name }}
  mountPath: {{ $one.path }}
  readOnly: true
{{- end }}
{{- range $i, $mount := .Values.secretMounts }}
- name: secret-{{ $i }}
  mountPath: {{ $mount.mountPath }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "hikyaku.volumes" -}}
- name: settings
  configMap:
    name: {{ .configMap }}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 64Mi
{{- range $name, $one := (include "hikyaku.credentials" .root | fromJson).all }}
- name: {{ $name }}
  secret:
    secretName: {{ $one.secret }}
{{- end }}
{{- range $i, $mount := .root.Values.secretMounts }}
- name: secret-{{ $i }}
  secret:
    secretName: {{ $mount.secretName }}
{{- end }}
{{- end -}}

{{- define "hikyaku.probe" -}}
httpGet:
  path: {{ .path }}
  port: ops
periodSeconds: {{ .probe.periodSeconds }}
failureThreshold: {{ .probe.failureThreshold }}
timeoutSeconds: {{ .timeout }}
{{- end -}}

{{/* The probes of a service's container: the chart's over its ops port, or the user's. While one looks around in it,
     nothing answers: it must not be restarted, nor get clients. */}}
{{- define "hikyaku.probes" -}}
{{- $probes := .root.Values.probes -}}
{{- $custom := (get .root.Values .role).customProbes -}}
{{- $all := dict "startup" "/startupz" "readiness" "/readyz" "liveness" "/livez" -}}
{{- range $name, $path := ternary (pick $all "readiness") $all .root.Values.diagnosticMode.enabled }}
{{ $name }}Probe:
  {{- if hasKey $custom $name }}
  {{- toYaml (get $custom $name) | nindent 2 }}
  {{- else }}
  {{- include "hikyaku.probe" (dict "path" $path "probe" (get $probes $name) "timeout" $probes.timeoutSeconds) | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Waits before SIGTERM. The image needs no shell for it: Kubernetes does it itself from 1.30 on. */}}
{{- define "hikyaku.preStop" -}}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.30.0-0" .root.Capabilities.KubeVersion.Version }}
    sleep:
      seconds: {{ .seconds }}
    {{- else }}
    exec:
      command: ["hikyakuctl", "sleep", "{{ .seconds }}"]
    {{- end }}
{{- end -}}

{{- define "hikyaku.spread" -}}
{{- $role := get .root.Values .role -}}
{{- $selector := include "hikyaku.selector" . -}}
{{- if $role.affinity }}
affinity:
  {{- toYaml $role.affinity | nindent 2 }}
{{- else if and (eq .role "sender") $role.hostNetwork }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- $selector | nindent 12 }}
{{- else }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- $selector | nindent 14 }}
{{- end }}
topologySpreadConstraints:
{{- if $role.topologySpreadConstraints }}
  {{- toYaml $role.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
{{- end }}
{{- end }}
{{- with $role.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $role.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $role.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Of every pod with our image. */}}
{{- define "hikyaku.podCommon" -}}
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "hikyaku.podSecurity" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The template of a service's pods. */}}
{{- define "hikyaku.pod" -}}
{{- $root := .root -}}
{{- $role := get .root.Values .role -}}
metadata:
  labels:
    {{- include "hikyaku.labels" . | nindent 4 }}
    {{- with $role.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/bootstrap: {{ include "hikyaku.bootstrap" $root | sha256sum }}
    {{- with merge (dict) $role.podAnnotations $root.Values.commonAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "hikyaku.podCommon" (dict "root" $root "serviceAccount" (include "hikyaku.serviceAccount" $root)) | nindent 2 }}
  # preStop, drain, and 20 s to end in any case.
  terminationGracePeriodSeconds: {{ add $role.preStopSeconds $role.drainSeconds 20 }}
  {{- if eq .role "sender" }}
  {{- if $role.hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  dnsConfig:
    options:
      - name: ndots
        value: "1"
  {{- end }}
  {{- include "hikyaku.spread" . | trim | nindent 2 }}
  containers:
    - name: {{ .role }}
      image: {{ include "hikyaku.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      {{- if $root.Values.diagnosticMode.enabled }}
      command: ["hikyakuctl", "sleep"]
      {{- else }}
      command: {{ if eq .role "auditor" }}["hikyakuctl", "audit", "--follow"]{{ else }}["hikyaku-{{ .role }}"]{{ end }}
      args:
        - --config
        - /etc/hikyaku/settings/hikyaku.conf
        - --set
        - 'service.name="$(POD_NAME)"'
        - --set
        - service.drain_s={{ $role.drainSeconds }}
        {{- if eq .role "sender" }}
        - --set
        - 'log.instance_id="$(POD_NAME)"'
        {{- end }}
      {{- end }}
      env:
        {{- include "hikyaku.env" $root | nindent 8 }}
      ports:
        - name: ops
          containerPort: 9090
        {{- if eq .role "ingress" }}
        {{- range $root.Values.listeners }}
        - name: {{ .name }}
          containerPort: {{ .port }}
        {{- end }}
        {{- end }}
      {{- include "hikyaku.probes" . | trim | nindent 6 }}
      {{- with $role.preStopSeconds }}
      {{- include "hikyaku.preStop" (dict "root" $root "seconds" .) | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml $role.resources | nindent 8 }}
      securityContext:
        {{- include "hikyaku.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "hikyaku.volumeMounts" $root | nindent 8 }}
        {{- if eq .role "ingress" }}
        {{- if $role.usersSecret }}
        - name: users
          mountPath: /etc/hikyaku/users
          readOnly: true
        {{- end }}
        {{- range $root.Values.listeners }}
        {{- if .tlsSecret }}
        - name: tls-{{ .name }}
          mountPath: /etc/hikyaku/tls/{{ .name }}
          readOnly: true
        {{- end }}
        {{- end }}
        {{- end }}
  volumes:
    {{- include "hikyaku.volumes" (dict "root" $root "configMap" (printf "%s-settings" (include "hikyaku.fullname" $root))) | nindent 4 }}
    {{- if eq .role "ingress" }}
    {{- with $role.usersSecret }}
    - name: users
      secret:
        secretName: {{ . }}
    {{- end }}
    {{- range $root.Values.listeners }}
    {{- if .tlsSecret }}
    - name: tls-{{ .name }}
      secret:
        secretName: {{ .tlsSecret }}
    {{- end }}
    {{- end }}
    {{- end }}
{{- end -}}
