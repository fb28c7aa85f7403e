namespace Etcdish.ApiLoad.Cluster;

/// <summary>What pods ask of the scheduler.</summary>
internal enum PodKind
{
    /// <summary>Some processor time and memory.</summary>
    Plain,

    /// <summary>
    /// Also, in groups of a hundred: as many in each zone, give or take one, and no two on a node.
    /// </summary>
    Spread,
}

/// <summary>Pods as text.</summary>
internal static class PodTexts
{
    private const int GroupSize = 100;

    public static string Pod(PodKind kind, int number) => Pod(kind, number, "");

    /// <summary>One that has a node already.</summary>
    public static string BoundPod(int number, string node) => Pod(PodKind.Plain, number, $"\"nodeName\":\"{node}\",");

    /// <summary>A Deployment of plain pods.</summary>
    public static string Deployment(string name, int replicas) => $$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{name}}"},"spec":{"replicas":{{replicas}},
        "selector":{"matchLabels":{"app":"{{name}}"} },"template":{"metadata":{"labels":{"app":"{{name}}"} },"spec":{ {{Containers}} } } } }
        """;

    private const string Containers = """
        "containers":[{"name":"main","image":"registry.example/app:1.0","ports":[{"containerPort":80}],
        "resources":{"requests":{"cpu":"100m","memory":"500Mi"} } }]
        """;

    private static string Pod(PodKind kind, int number, string further)
    {
        string group = $"group-{number / GroupSize}";
        return $$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-{{number}}","labels":{"app":"load","group":"{{group}}"} },
            "spec":{ {{further}}{{(kind == PodKind.Spread ? Apart(group) : "")}}{{Containers}} } }
            """;
    }

    private static string Apart(string group) => $$"""
        "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"DoNotSchedule",
        "labelSelector":{"matchLabels":{"group":"{{group}}"} } }],
        "affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname",
        "labelSelector":{"matchLabels":{"group":"{{group}}"} } }] } },
        """;
}
