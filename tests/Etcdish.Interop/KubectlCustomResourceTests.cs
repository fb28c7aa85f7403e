namespace Etcdish.Interop;

/// <summary>What a user of kubectl sees of custom resources, on the store in the process and on a genuine etcd.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlCustomResourceTests(bool onGenuineEtcd)
{
    private const string Definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: crontabs.stable.example.com}
        spec:
          group: stable.example.com
          scope: Namespaced
          names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
          versions:
          - name: v1
            served: true
            storage: true
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.labelSelector}
            additionalPrinterColumns:
            - {name: Spec, type: string, jsonPath: .spec.cronSpec}
            - {name: Replicas, type: integer, jsonPath: .spec.replicas}
            schema:
              openAPIV3Schema:
                type: object
                description: A table of times.
                properties:
                  spec:
                    type: object
                    required: [cronSpec]
                    properties:
                      cronSpec: {type: string, description: When to run.}
                      replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
                  status:
                    type: object
                    properties:
                      replicas: {type: integer}
                      labelSelector: {type: string}
        """;

    private const string Object = """
        apiVersion: stable.example.com/v1
        kind: CronTab
        metadata: {name: mine}
        spec: {cronSpec: "* * * * */5"}
        """;

    [Test]
    public void From_the_definition_to_its_end()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(
            """
            apply -f {crd.yaml} => customresourcedefinition\.apiextensions\.k8s\.io/crontabs\.stable\.example\.com created
            wait --for=condition=Established crd/crontabs.stable.example.com --timeout=10s => .*condition met
            api-resources --api-group=stable.example.com -o name => crontabs\.stable\.example\.com
            apply -f {cr.yaml} => crontab\.stable\.example\.com/mine created
            apply -f {cr.yaml} => crontab\.stable\.example\.com/mine unchanged
            get ct => NAME +SPEC +REPLICAS\nmine +\* \* \* \* \*/5 +1
            get all => .*crontab\.stable\.example\.com/mine .*
            explain crontab.spec.cronSpec => .*KIND: +CronTab.*FIELD: cronSpec <string>.*When to run\..*
            explain ct => .*A table of times\..*
            apply -f {wrong.yaml} !=> .*unknown field "spec\.cronSpek".*
            apply -f {bad.yaml} !=> .*spec\.replicas: Invalid value: 11: spec\.replicas in body should be less than or equal to 10.*
            scale ct/mine --replicas=3 => crontab\.stable\.example\.com/mine scaled
            get ct mine -o jsonpath={.spec.replicas} => 3
            label ct mine a=b => crontab\.stable\.example\.com/mine labeled
            patch ct mine --type=merge -p '{"spec":{"cronSpec":"0 0 * * *"}}' => crontab\.stable\.example\.com/mine patched
            patch ct mine --subresource=status --type=merge -p '{"status":{"replicas":3}}' => crontab\.stable\.example\.com/mine patched
            wait ct/mine --for=jsonpath={.status.replicas}=3 --timeout=10s => .*condition met
            apply --server-side --force-conflicts -f {cr.yaml} => crontab\.stable\.example\.com/mine serverside-applied
            describe ct mine => .*Cron Spec: .*
            get apiservices v1.stable.example.com => NAME +SERVICE +AVAILABLE +AGE\nv1\.stable\.example\.com +Local +True +\S+
            delete crd crontabs.stable.example.com => customresourcedefinition\.apiextensions\.k8s\.io "crontabs\.stable\.example\.com" deleted.*
            get --raw /apis/stable.example.com/v1 !=> .*the server could not find the requested resource.*
            """,
            ("crd.yaml", Definition),
            ("cr.yaml", Object),
            ("wrong.yaml", Object.Replace("cronSpec", "cronSpek", StringComparison.Ordinal)),
            ("bad.yaml", Object.Replace("*/5\"", "*/5\", replicas: 11", StringComparison.Ordinal)));
    }

    [Test]
    public void A_definition_and_its_objects_in_one_file()
    {
        using var server = new KubernetesServer(onGenuineEtcd);

        // kubectl looks up all kinds before it applies the first object, so that only the second run knows the new one: at once, though.
        server.Run(
            """
            apply -f {crd.yaml} -f {cr.yaml} !=> .*crontabs\.stable\.example\.com created.*ensure CRDs are installed first
            apply -f {crd.yaml} -f {cr.yaml} => .*crontabs\.stable\.example\.com unchanged\ncrontab\.stable\.example\.com/mine created
            """,
            ("crd.yaml", Definition),
            ("cr.yaml", Object));
    }

    [Test]
    public void Events_have_two_names() => Run("""
        create deployment w --image=nginx => deployment\.apps/w created
        autoscale deployment w --max=3 --cpu=50% => horizontalpodautoscaler\.autoscaling/w autoscaled
        get horizontalpodautoscalers.v1.autoscaling w -o jsonpath={.spec.targetCPUUtilizationPercentage} => 50
        get events.events.k8s.io => No resources found in default namespace\.
        events => No events found in default namespace\.
        """);

    private void Run(string script)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(script);
    }
}
