namespace Etcdish.Kubernetes.Tests;

public sealed class SchemaTextsTests
{
    private static readonly SchemaCatalog _catalog = SchemaCatalog.BuiltIn;
    private static readonly SchemaTexts _texts = new();

    [Test]
    public void Every_kind_of_the_table_has_a_text_for_each_of_its_fields_down_to_the_last()
    {
        var types = new SortedDictionary<string, StructType>(StringComparer.Ordinal);
        foreach (var resource in _catalog.Resources)
        {
            Collect(types, resource.Type);
            Collect(types, _catalog.FindKind(resource.ApiVersion, resource.Kind + "List"));
            foreach (var sub in resource.Subresources.Where(s => s.Kind is not null))
            {
                Collect(types, _catalog.FindKind(sub.ApiVersion!, sub.Kind!));
            }
        }

        Assert.Multiple(() =>
        {
            foreach (var type in types.Values)
            {
                Check(_texts.Of(type), type.Name);
                foreach (var field in type.JsonFields)
                {
                    Check(_texts.Of(type, field), $"{type.Name}.{field.Name}");
                }
            }
        });
        Assert.That(types.Values.Sum(type => type.JsonFields.Count), Is.GreaterThan(2000));
    }

    [Test]
    public void No_text_is_of_a_type_or_field_that_does_not_exist()
    {
        var structs = _catalog.AllStructNames().ToHashSet(StringComparer.Ordinal);
        var groups = structs.Select(name => name[..name.LastIndexOf('.')]).Distinct();

        Assert.Multiple(() =>
        {
            foreach (var (name, field) in groups.SelectMany(group => _texts.NamesIn(group).Select(n => ($"{group}.{n.Type}", n.Field))))
            {
                if (name.Contains('*', StringComparison.Ordinal))
                {
                    continue;
                }

                Assert.That(structs, Does.Contain(name));
                Assert.That(field is null || _catalog.GetStruct(name).FindField(field) is not null, Is.True, $"{name}.{field}");
            }
        });
    }

    [Test]
    public void A_field_takes_its_text_from_its_own_type_the_like_one_the_inlined_one_and_that_of_every_object_in_turn()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Text("apps/v1.DeploymentCondition", "lastUpdateTime"), Is.EqualTo("When it was last confirmed."));
            Assert.That(Text("apps/v1.DeploymentCondition", "reason"), Is.EqualTo(Text("meta/v1.Condition", "reason")));
            Assert.That(Text("core/v1.Volume", "emptyDir"), Does.StartWith("An empty folder"));
            Assert.That(Text("core/v1.EphemeralContainer", "env"), Is.EqualTo(Text("core/v1.Container", "env")));
            Assert.That(Text("core/v1.EphemeralContainer", "ports"), Is.EqualTo("Not allowed here."));
            Assert.That(Text("core/v1.Pod", "apiVersion"), Does.StartWith("Group and version"));
            Assert.That(Text("core/v1.PodList", "metadata"), Does.StartWith("The revision at which"));
            Assert.That(_texts.Of(_catalog.GetStruct("core/v1.PodList")), Is.EqualTo("A list of Pod objects."));
        });
    }

    [Test]
    public void Types_of_others_have_no_texts()
    {
        var field = new Field("size", SchemaType.String);
        var type = new StructType("Widget", [field]);

        Assert.That(_texts.Of(type), Is.Null);
        Assert.That(_texts.Of(type, field), Is.Null);
    }

    [TestCase("    field: before a type.")]
    [TestCase("Type without a colon")]
    [TestCase("A: One.\nA: Two.")]
    [TestCase("A: One.\n    f: One.\n    f: Two.")]
    [TestCase("A as B: One.")]
    public void A_fault_in_a_file_names_its_place(string body)
    {
        var texts = new SchemaTexts(_ => "group x/v1\n" + body);

        Assert.That(() => texts.Of(new StructType("x/v1.A", [])), Throws.TypeOf<FormatException>().With.Message.StartsWith("x.v1.text:"));
    }

    private static string? Text(string type, string field) =>
        _texts.Of(_catalog.GetStruct(type), _catalog.GetStruct(type).FindField(field)!);

    private static void Check(string? text, string place) =>
        Assert.That(text, Is.Not.Null.And.Match(@"^[A-Z""$*].*\.$"), place);

    private static void Collect(SortedDictionary<string, StructType> types, StructType? type)
    {
        if (type is null || !types.TryAdd(type.Name, type))
        {
            return;
        }

        foreach (var field in type.JsonFields)
        {
            var part = field.Type;
            while (part.Element is { } element)
            {
                part = element;
            }

            Collect(types, part.Struct);
        }
    }
}
