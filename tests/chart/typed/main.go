// SPDX-License-Identifier: Apache-2.0

// typed reads rendered manifests on standard input and decodes each object strictly into its Go type:
// unknown fields, wrong types and unknown kinds are findings. Exit 1 when there is one.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	strict "sigs.k8s.io/yaml"
)

// Kinds whose Go types would bring half the world along: policy_test.py looks at them.
var unchecked = map[string]bool{"keda.sh/v1alpha1/ScaledObject": true}

func check(types *runtime.Scheme, document []byte) (string, error) {
	var kind v1.TypeMeta
	if err := strict.Unmarshal(document, &kind); err != nil {
		return "?", err
	}
	name := kind.APIVersion + "/" + kind.Kind
	if kind.Kind == "" || unchecked[name] {
		return name, nil
	}
	object, err := types.New(kind.GroupVersionKind())
	if err != nil {
		return name, err
	}
	return name, strict.UnmarshalStrict(document, object)
}

func main() {
	types := scheme.Scheme
	if err := monitoring.AddToScheme(types); err != nil {
		panic(err)
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	failed := false
	for {
		document, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			var name string
			if name, err = check(types, document); err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
		}
		if err != nil {
			fmt.Println(err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
