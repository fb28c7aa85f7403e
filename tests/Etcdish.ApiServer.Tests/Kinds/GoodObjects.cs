namespace Etcdish.ApiServer.Tests.Kinds;

/// <summary>Objects that nothing is wrong with.</summary>
internal static class GoodObjects
{
    public const string Pod = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{
          "containers":[{"name":"c","image":"nginx:1","ports":[{"name":"http","containerPort":80}],
            "env":[{"name":"A","value":"b"},{"name":"N","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}}],
            "envFrom":[{"configMapRef":{"name":"m"}}],
            "resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}},
            "volumeMounts":[{"name":"v","mountPath":"/v"},{"name":"s","mountPath":"/s"}],
            "livenessProbe":{"httpGet":{"port":"http"}},"readinessProbe":{"tcpSocket":{"port":80}},
            "lifecycle":{"preStop":{"exec":{"command":["true"]}}},"securityContext":{"runAsUser":1}}],
          "initContainers":[{"name":"i","image":"nginx"}],
          "volumes":[{"name":"v"},{"name":"s","secret":{"secretName":"x"}},
            {"name":"p","projected":{"sources":[{"configMap":{"name":"m","items":[{"key":"k","path":"a/b"}]}}]}}],
          "tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}],
          "affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
            {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"web"}}}]}},
          "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule",
            "labelSelector":{"matchLabels":{"app":"web"}}}]}}
        """;

    public const string Deployment = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},"spec":{
          "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
          "spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}
        """;

    public const string StatefulSet = """
        {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"default"},"spec":{"serviceName":"db",
          "selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db"}},
          "spec":{"containers":[{"name":"c","image":"pg:1","volumeMounts":[{"name":"data","mountPath":"/data"}]}]}},
          "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],
          "resources":{"requests":{"storage":"1Gi"}}}}]}}
        """;

    public const string DaemonSet = """
        {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"agent","namespace":"default"},"spec":{
          "selector":{"matchLabels":{"app":"agent"}},"template":{"metadata":{"labels":{"app":"agent"}},
          "spec":{"containers":[{"name":"c","image":"a:1"}]}}}}
        """;

    public const string Job = """
        {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"once","namespace":"default"},"spec":{"template":{
          "spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a:1"}]}}}}
        """;

    public const string CronJob = """
        {"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"nightly","namespace":"default"},"spec":{"schedule":"*/5 0-3 * jan,Feb mon",
          "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"c","image":"a:1"}]}}}}}}
        """;

    public const string Service = """
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default"},"spec":{"selector":{"app":"web"},
          "clusterIP":"10.96.0.10","ports":[{"name":"http","port":80,"targetPort":"http"},{"name":"dns","port":53,"protocol":"UDP"}]}}
        """;

    public const string Ingress = """
        {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"default"},"spec":{
          "tls":[{"hosts":["a.example.com"],"secretName":"tls"}],"rules":[{"host":"a.example.com","http":{"paths":[
          {"path":"/","pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}
        """;

    public const string NetworkPolicy = """
        {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"np","namespace":"default"},"spec":{
          "podSelector":{},"ingress":[{"from":[{"podSelector":{}},{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],
          "ports":[{"port":80,"endPort":90},{"port":"http"}]}],"egress":[{"to":[{"namespaceSelector":{}}]}]}}
        """;

    public const string Claim = """
        {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"default"},"spec":{
          "accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},"storageClassName":"fast"}}
        """;

    public const string Volume = """
        {"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"disk"},"spec":{"capacity":{"storage":"1Gi"},
          "accessModes":["ReadWriteOnce"],"hostPath":{"path":"/data"}}}
        """;

    public const string Autoscaler = """
        {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web","namespace":"default"},"spec":{
          "maxReplicas":5,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"behavior":{"scaleUp":{}}}}
        """;

    public const string Budget = """
        {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web","namespace":"default"},"spec":{"minAvailable":"50%",
          "selector":{"matchLabels":{"app":"web"}}}}
        """;

    public const string RoleBinding = """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"default"},
          "roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"s","namespace":"n"}]}
        """;

    public const string ClusterRole = """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"system:r"},
          "rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}
        """;

    public const string Quota = """
        {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"default"},"spec":{"hard":{"pods":"3","requests.cpu":"2",
          "count/deployments.apps":"4"},"scopes":["NotTerminating"]}}
        """;

    public const string LimitRange = """
        {"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"default"},"spec":{"limits":[{"type":"Container",
          "max":{"cpu":"2"},"min":{"memory":"1Mi"}}]}}
        """;

    public const string Node = """
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"},"spec":{"podCIDR":"10.1.0.0/24","providerID":"x://1",
          "taints":[{"key":"a","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"4"}}}
        """;

    public const string Secret = """
        {"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default"},"stringData":{"k":"v"}}
        """;

    public const string ConfigMap = """
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","namespace":"default","ownerReferences":[
          {"apiVersion":"v1","kind":"Pod","name":"p","uid":"1","controller":true}]},"data":{"k":"v"},"binaryData":{"b":"AAA="}}
        """;

    public const string StorageClass = """
        {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fast"},"provisioner":"example.com/disk"}
        """;

    public const string EndpointSlice = """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"web-1","namespace":"default"},"addressType":"IPv4",
          "endpoints":[{"addresses":["10.1.2.3"]}],"ports":[{"port":80}]}
        """;

    public const string PriorityClass = """
        {"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"high"},"value":1000}
        """;

    public const string Lease = """
        {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","namespace":"default"},"spec":{"leaseDurationSeconds":15}}
        """;

    public const string Namespace = """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}}""";

    public const string Event = """
        {"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"default"},"involvedObject":{"namespace":"default","name":"p"}}
        """;

    /// <summary>All of them, by the kind that a test names.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        [nameof(Pod)] = Pod,
        [nameof(Deployment)] = Deployment,
        [nameof(StatefulSet)] = StatefulSet,
        [nameof(DaemonSet)] = DaemonSet,
        [nameof(Job)] = Job,
        [nameof(CronJob)] = CronJob,
        [nameof(Service)] = Service,
        [nameof(Ingress)] = Ingress,
        [nameof(NetworkPolicy)] = NetworkPolicy,
        [nameof(Claim)] = Claim,
        [nameof(Volume)] = Volume,
        [nameof(Autoscaler)] = Autoscaler,
        [nameof(Budget)] = Budget,
        [nameof(RoleBinding)] = RoleBinding,
        [nameof(ClusterRole)] = ClusterRole,
        [nameof(Quota)] = Quota,
        [nameof(LimitRange)] = LimitRange,
        [nameof(Node)] = Node,
        [nameof(Secret)] = Secret,
        [nameof(ConfigMap)] = ConfigMap,
        [nameof(StorageClass)] = StorageClass,
        [nameof(EndpointSlice)] = EndpointSlice,
        [nameof(PriorityClass)] = PriorityClass,
        [nameof(Lease)] = Lease,
        [nameof(Namespace)] = Namespace,
        [nameof(Event)] = Event,
    };
}
