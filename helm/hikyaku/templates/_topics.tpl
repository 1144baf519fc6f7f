{{/* The topics as `hikyakuctl topics apply` makes them, as JSON under key "all"; settings_test.py holds them together. */}}
{{- define "hikyaku.topics" -}}
{{- $log := .Values.settings.log -}}
{{- $insync := get $log "min_insync" | default 2 | int -}}
{{- $mail := mul (add (include "hikyaku.longestPeriod" .) 86400) 1000 -}}
{{- $day := 86400000 -}}
{{- $all := list -}}
{{- range $row := list (list "work" 64 $mail) (list "body" 64 $mail) (list "timer" 64 0) (list "failure" 16 (mul 7 $day)) (list "event" 16 (mul 7 $day)) (list "config" 1 0) (list "dead" 1 (mul 30 $day)) -}}
{{- $name := index $row 0 -}}
{{- $settings := dict "min.insync.replicas" $insync "unclean.leader.election.enable" false "message.timestamp.type" "LogAppendTime" "max.message.bytes" 1048588 -}}
{{- if index $row 2 -}}
{{- $settings = merge $settings (dict "cleanup.policy" "delete" "retention.ms" (index $row 2) "retention.bytes" -1 "segment.ms" 21600000) -}}
{{- else -}}
{{- $settings = merge $settings (dict "cleanup.policy" "compact" "segment.ms" 1800000 "min.cleanable.dirty.ratio" "0.2" "max.compaction.lag.ms" 3600000 "delete.retention.ms" $day) -}}
{{- end -}}
{{- $strings := dict -}}
{{- range $key, $value := $settings }}{{ $_ := set $strings $key (toString $value) }}{{ end -}}
{{- $all = append $all (dict "name" $name "topic" (printf "%s%s" (get $log "topic_prefix" | default "hikyaku.") $name) "partitions" (get $log (printf "%s_partitions" $name) | default (index $row 1) | int) "replication" (get $log "replication" | default 3 | int) "settings" $strings) -}}
{{- end -}}
{{- dict "all" $all | toJson -}}
{{- end -}}
