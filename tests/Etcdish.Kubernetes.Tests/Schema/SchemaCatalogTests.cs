namespace Etcdish.Kubernetes.Tests;

public sealed class SchemaCatalogTests
{
    private static readonly SchemaCatalog _catalog = SchemaCatalog.BuiltIn;

    [Test]
    public void Every_struct_reads_and_refers_only_to_structs_that_exist()
    {
        var names = _catalog.AllStructNames().ToArray();

        foreach (var name in names)
        {
            foreach (var field in _catalog.GetStruct(name).Fields)
            {
                Touch(field.Type);
            }
        }

        Assert.That(names, Has.Length.GreaterThan(450));
    }

    [Test]
    public void Protobuf_numbers_of_a_struct_are_unique_and_key_fields_exist()
    {
        Assert.Multiple(() =>
        {
            foreach (var type in _catalog.AllStructNames().Select(_catalog.GetStruct))
            {
                Assert.That(type.WireOrder.Select(f => f.Number), Is.Unique, type.Name);
                Assert.That(type.JsonFields.Select(f => f.Name), Is.Unique, type.Name);
                foreach (var field in type.JsonFields.Where(f => f.Type.Keys.Count > 0))
                {
                    var element = field.Type.Element!.Struct!;
                    Assert.That(field.Type.Keys.Select(element.FindField), Has.None.Null, $"{type.Name}.{field.Name}");
                }

                foreach (var field in type.JsonFields.Where(f => f.PatchMergeKey is not null))
                {
                    Assert.That(field.Type.Element!.Struct!.FindField(field.PatchMergeKey!), Is.Not.Null, $"{type.Name}.{field.Name}");
                }
            }
        });
    }

    [Test]
    public void The_table_holds_every_resource_with_a_kind_that_exists()
    {
        Assert.Multiple(() =>
        {
            Assert.That(_catalog.Resources, Has.Count.EqualTo(68));
            foreach (var resource in _catalog.Resources)
            {
                Assert.That(_catalog.FindKind(resource.ApiVersion, resource.Kind), Is.SameAs(resource.Type), resource.Name);
                foreach (var sub in resource.Subresources.Where(s => s.Kind is not null))
                {
                    Assert.That(_catalog.FindKind(sub.ApiVersion!, sub.Kind!), Is.Not.Null, $"{resource.Name}/{sub.Name}");
                }
            }
        });
    }

    [Test]
    public void A_resource_has_what_discovery_and_tables_need()
    {
        var pods = _catalog.Resources.Single(r => r is { Group: "", Name: "pods" });
        var hpa = _catalog.Resources.First(r => r.Name == "horizontalpodautoscalers");
        var roles = _catalog.Resources.Single(r => r.Name == "clusterroles");

        Assert.Multiple(() =>
        {
            Assert.That(pods.Singular, Is.EqualTo("pod"));
            Assert.That(pods.IsNamespaced, Is.True);
            Assert.That(pods.ShortNames, Is.EqualTo(["po"]));
            Assert.That(pods.Categories, Is.EqualTo(["all"]));
            Assert.That(pods.Verbs, Has.Count.EqualTo(8));
            Assert.That(pods.Subresources.Single(s => s.Name == "eviction"), Has.Property("ApiVersion").EqualTo("policy/v1"));
            Assert.That(pods.Columns.Single(c => c.Name == "Node").IsWide, Is.True);
            Assert.That(pods.Columns.Single(c => c.Name == "Ready").IsWide, Is.False);
            Assert.That(pods.SelectableFields, Does.Contain("spec.nodeName").And.Contain("status.podIPs"));
            Assert.That(hpa.Version, Is.EqualTo("v2"), "the preferred version comes first");
            Assert.That(roles.ApiVersion, Is.EqualTo("rbac.authorization.k8s.io/v1"));
            Assert.That(_catalog.Resources.Single(r => r.Name == "namespaces").Verbs, Does.Not.Contain("deletecollection"));
        });
    }

    [TestCase("v1", "Pod", "core/v1.Pod")]
    [TestCase("v1", "PodList", "core/v1.PodList")]
    [TestCase("v1", "List", "meta/v1.List")]
    [TestCase("v1", "Status", "meta/v1.Status")]
    [TestCase("v1", "DeleteOptions", "meta/v1.DeleteOptions")]
    [TestCase("policy/v1", "DeleteOptions", "meta/v1.DeleteOptions")]
    [TestCase("example.com/v1", "DeleteOptions", "meta/v1.DeleteOptions")]
    [TestCase("meta.k8s.io/v1", "PartialObjectMetadataList", "meta/v1.PartialObjectMetadataList")]
    [TestCase("rbac.authorization.k8s.io/v1", "ClusterRole", "rbac/v1.ClusterRole")]
    public void A_kind_is_found_by_version_and_name(string apiVersion, string kind, string expected) =>
        Assert.That(_catalog.FindKind(apiVersion, kind)?.Name, Is.EqualTo(expected));

    [TestCase("v1", "Deployment")]
    [TestCase("v1", "PodSpec")]
    [TestCase("apps/v1", "Status")]
    [TestCase("example.com/v1", "Widget")]
    [TestCase("v2", "Pod")]
    [TestCase("", "")]
    public void Other_kinds_are_not_found(string apiVersion, string kind) => Assert.That(_catalog.FindKind(apiVersion, kind), Is.Null);

    [Test]
    public void Fields_of_inlined_structs_are_found_by_name_and_the_struct_by_number()
    {
        var volume = _catalog.GetStruct("core/v1.Volume");

        Assert.Multiple(() =>
        {
            Assert.That(volume.FindField("configMap"u8), Has.Property("Number").EqualTo(19));
            Assert.That(volume.FindField("VolumeSource"), Is.Null);
            Assert.That(volume.Fields[volume.IndexOfNumber(2)].IsInline, Is.True);
            Assert.That(volume.IndexOfNumber(3), Is.EqualTo(-1));
            Assert.That(volume.IndexOfNumber(int.MaxValue), Is.EqualTo(-1));
            Assert.That(volume.FindField(new string('x', 1000)), Is.Null);
        });
    }

    [Test]
    public void Marks_are_read()
    {
        var container = _catalog.GetStruct("core/v1.Container");
        var ports = container.FindField("ports")!;
        var strategy = _catalog.GetStruct("apps/v1.DeploymentSpec").FindField("strategy")!;
        var volumes = _catalog.GetStruct("core/v1.PodSpec").FindField("volumes")!;
        var protocol = _catalog.GetStruct("core/v1.ContainerPort").FindField("protocol")!;

        Assert.Multiple(() =>
        {
            Assert.That(ports.Type.ListKind, Is.EqualTo(ListKind.Map));
            Assert.That(ports.Type.Keys, Is.EqualTo(["containerPort", "protocol"]));
            Assert.That(ports.PatchMergeKey, Is.EqualTo("containerPort"));
            Assert.That(ports.PatchStrategy, Is.EqualTo(PatchStrategy.Merge));
            Assert.That(strategy.PatchStrategy, Is.EqualTo(PatchStrategy.RetainKeys));
            Assert.That(volumes.PatchStrategy, Is.EqualTo(PatchStrategy.Merge | PatchStrategy.RetainKeys));
            Assert.That(protocol.DefaultJson, Is.EqualTo("\"TCP\""));
            Assert.That(protocol.Type.Enum!.Values, Is.EqualTo(["TCP", "UDP", "SCTP"]));
            Assert.That(protocol.Type.Enum!.IsClosed, Is.True);
            Assert.That(_catalog.GetStruct("core/v1.ObjectReference").IsAtomic, Is.True);
            Assert.That(_catalog.GetStruct("core/v1.PersistentVolumeSpec").FindField("claimRef")!.Type.IsAtomic, Is.False);
            Assert.That(_catalog.GetStruct("core/v1.ServiceSpec").FindField("selector")!.Type.IsAtomic, Is.True);
            Assert.That(_catalog.GetStruct("core/v1.SeccompProfile").IsUnion, Is.True);
            Assert.That(_catalog.GetEnum("certificates/v1.KeyUsage").Values, Does.Contain("digital signature"));
        });
    }

    [TestCase("struct A\n    x strin @1")]
    [TestCase("struct A\n    x string 1")]
    [TestCase("struct A\n    x string @0")]
    [TestCase("struct A\n    x string")]
    [TestCase("struct A\n    x string @1 shiny")]
    [TestCase("struct A\n    x string[] @1 list=heap")]
    [TestCase("struct A\n    x string[] @1 patch=mix")]
    [TestCase("struct A\n    x string{} @1 map=perhaps")]
    [TestCase("    x string @1")]
    [TestCase("class A")]
    [TestCase("struct A\nstruct A")]
    public void A_fault_in_a_notation_names_its_place(string body)
    {
        var catalog = new SchemaCatalog("group x/v1 x/v1", _ => "group x/v1\n" + body);

        Assert.That(
            () => catalog.GetStruct("x/v1.A").Fields.Select(f => f.Type.Struct?.Fields).ToArray(),
            Throws.TypeOf<FormatException>().With.Message.StartsWith("x.v1.schema"));
    }

    private static void Touch(SchemaType type)
    {
        Assert.That(type.Struct is null || type.Struct.JsonFields is not null);
        Assert.That(type.Enum is null || type.Enum.Values.Count > 0);
        if (type.Element is { } element)
        {
            Touch(element);
        }
    }
}
