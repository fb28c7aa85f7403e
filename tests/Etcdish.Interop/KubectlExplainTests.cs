namespace Etcdish.Interop;

/// <summary>What kubectl shows of kinds and fields, which it reads from the OpenAPI documents.</summary>
[TestFixture(false)]
[TestFixture(true)]
public sealed class KubectlExplainTests(bool onGenuineEtcd)
{
    [Test]
    public void Kinds_and_fields_are_explained_in_words()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("""
            explain pod => KIND: +Pod\nVERSION: +v1\n\nDESCRIPTION:\n +One or more containers that run together.*FIELDS:\n.*spec\s+<PodSpec>\n +What is to run.*
            explain deployment.spec.strategy --recursive => GROUP: +apps\nKIND: +Deployment.*FIELD: strategy <DeploymentStrategy>.*rollingUpdate\s+<RollingUpdateDeployment>\n\s+maxSurge\s+<IntOrString>.*type\s+<string>\n\s+enum: Recreate, RollingUpdate
            explain deployment.spec.strategy.type => .*ENUM:\n +Recreate\n +RollingUpdate\n\nDESCRIPTION:\n +RollingUpdate a few at a time.*
            explain svc.spec.ports => .*FIELD: ports <\[\]ServicePort>.*nodePort\s+<integer>\n +The port on every node.*port\s+<integer> -required-.*targetPort\s+<IntOrString>.*
            explain cronjob --api-version=batch/v1 => GROUP: +batch\nKIND: +CronJob\nVERSION: +v1\n.*Starts jobs at certain times.*
            explain pod.spec.containers.resources.limits => .*FIELD: limits <map\[string\]Quantity>.*500m is a\s+half.*
            explain node.status.conditions.type => .*Known values: Ready,\s+MemoryPressure,.*
            explain hpa.spec.metrics --recursive => .*containerResource\s+<ContainerResourceMetricSource>.*
            explain resourceclaim.spec.devices.requests.exactly.count => .*FIELD: count <integer>.*How many, with ExactCount\. Default 1\..*
            explain pod.spec.bogus !=> .*error: field "bogus" does not exist
            explain nothing !=> .*the server doesn't have a resource type "nothing".*
            explain pod.spec --output=plaintext-openapiv2 => KIND: +Pod\nVERSION: +v1\n\nRESOURCE: spec <Object>\n.*What is to run, and how.*containers\s+<\[\]Object> -required-\n +The containers that the pod is for.*
            explain deployment --output=plaintext-openapiv2 --recursive => .*strategy\s+<Object>\n +rollingUpdate\s+<Object>\n +maxSurge\s+<string>.*
            explain pod.bogus --output=plaintext-openapiv2 !=> .*error: field "bogus" does not exist
            """);
    }

    [Test]
    public void Strict_validation_of_what_is_created_finds_its_way_through_the_documents()
    {
        const string Pod = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec: {containers: [{name: c, image: i}]}
            """;
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(
            """
            create --validate=strict -f {good.yaml} => pod/p created
            create --validate=strict -f {bad.yaml} !=> .*strict decoding error: unknown field "spec\.containers\[0\]\.imag".*
            create --validate=warn -f {bad.yaml} => .*pod/q created.*
            """,
            ("good.yaml", Pod),
            ("bad.yaml", Pod.Replace("image: i", "imag: i, image: i", StringComparison.Ordinal)
                .Replace("name: p", "name: q", StringComparison.Ordinal)));
    }
}
