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

{{/* Credentials come from Secrets through the environment, and from there into the arguments. */}}
{{- define "hikyaku.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- with .Values.externalKafka.sasl }}
{{- if and .mechanism (not $.Values.quickstart.enabled) }}
- name: HIKYAKU_KAFKA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .usernameKey }}
- name: HIKYAKU_KAFKA_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .passwordKey }}
{{- end }}
{{- end }}
{{- with .Values.externalRedis }}
{{- if and .existingSecret (not $.Values.quickstart.enabled) }}
- name: HIKYAKU_REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .passwordKey }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What differs between pods, or must not stand in the ConfigMap. */}}
{{- define "hikyaku.args" -}}
{{- $root := .root -}}
{{- with $root.Values.externalKafka.sasl -}}
{{- if and .mechanism (not $root.Values.quickstart.enabled) }}
- --set
- {{ printf "log.librdkafka=%s" (include "hikyaku.value" (include "hikyaku.librdkafka" $root | fromJson).all) | quote }}
{{- end }}
{{- end }}
{{- if $root.Values.quickstart.enabled }}
- --set
- 'redis.address="$({{ include "hikyaku.fullname" $root | upper | replace "-" "_" }}_REDIS_SERVICE_HOST):6379"'
{{- else if $root.Values.externalRedis.existingSecret }}
- --set
- 'redis.password="$(HIKYAKU_REDIS_PASSWORD)"'
{{- end }}
{{- end -}}

{{- define "hikyaku.volumeMounts" -}}
- name: settings
  mountPath: /etc/hikyaku/settings
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- if and .Values.externalKafka.tls.enabled .Values.externalKafka.tls.existingSecret }}
- name: kafka-tls
  mountPath: /etc/hikyaku/kafka
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
{{- with .root.Values.externalKafka.tls }}
{{- if and .enabled .existingSecret }}
- name: kafka-tls
  secret:
    secretName: {{ .existingSecret }}
{{- end }}
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
timeoutSeconds: 2
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
# Only quickstart needs them: there Redis is found by its Service's variable.
enableServiceLinks: {{ .root.Values.quickstart.enabled }}
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
    checksum/bootstrap: {{ include "hikyaku.file" $root | sha256sum }}
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
      command: ["hikyaku-{{ .role }}"]
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
        {{- with include "hikyaku.args" . | trim }}
        {{- . | nindent 8 }}
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
      startupProbe:
        {{- include "hikyaku.probe" (dict "path" "/startupz" "probe" $root.Values.probes.startup) | nindent 8 }}
      readinessProbe:
        {{- include "hikyaku.probe" (dict "path" "/readyz" "probe" $root.Values.probes.readiness) | nindent 8 }}
      livenessProbe:
        {{- include "hikyaku.probe" (dict "path" "/livez" "probe" $root.Values.probes.liveness) | nindent 8 }}
      {{- if $role.preStopSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ $role.preStopSeconds }}
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
