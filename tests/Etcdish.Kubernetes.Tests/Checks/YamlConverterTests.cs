using System.Buffers;
using System.Text;

namespace Etcdish.Kubernetes.Tests;

public sealed class YamlConverterTests
{
    [TestCase("a: yes\nb: 'yes'\nc: on\nd: n\ne: False\nf: \"no\"", """{"a":true,"b":"yes","c":true,"d":false,"e":false,"f":"no"}""")]
    [TestCase("a: 0644\nb: 0x1F\nc: 0b101\nd: 1_000\ne: -5\nf: +7\ng: 0o17", """{"a":420,"b":31,"c":5,"d":1000,"e":-5,"f":7,"g":15}""")]
    [TestCase("a: 1.5\nb: 1e3\nc: .5\nd: 1.\ne: 1.0", """{"a":1.5,"b":1000,"c":0.5,"d":1,"e":1}""")]
    [TestCase("a: 9223372036854775807\nb: 18446744073709551615\nc: -9223372036854775808",
        """{"a":9223372036854775807,"b":18446744073709551615,"c":-9223372036854775808}""")]
    [TestCase("a:\nb: ~\nc: null\nd: \"\"", """{"a":null,"b":null,"c":null,"d":""}""")]
    [TestCase("a: 2020-01-01T00:00:00Z\nb: 1.2.3\nc: 12:30\nd: 089\ne: 1e",
        """{"a":"2020-01-01T00:00:00Z","b":"1.2.3","c":"12:30","d":89,"e":"1e"}""")]
    [TestCase("1: a\ny: b\nx: c\n1.5: d", """{"1":"a","true":"b","x":"c","1.5":"d"}""")]
    [TestCase("a: !!str 5\nb: !!int \"5\"\nc: !!float 1\nd: !!binary aGk=", """{"a":"5","b":5,"c":1,"d":"hi"}""")]
    [TestCase("a: |\n  x\n  y\nb: >-\n  x\n  y", """{"a":"x\ny\n","b":"x y"}""")]
    [TestCase("- 1\n- [2, {a: 3}]", """[1,[2,{"a":3}]]""")]
    [TestCase("a: 1\n---\nb: 2", """{"a":1}""")]
    [TestCase("", "null")]
    [TestCase("# only a comment", "null")]
    [TestCase("{a: 1, b: [x]}", """{"a":1,"b":["x"]}""")]
    [TestCase("""{"a": 1}""", """{"a": 1}""")]
    [TestCase("a: 1\na: 2", """{"a":1,"a":2}""")]
    [TestCase("base: &b {x: 1, z: 2}\nc:\n  <<: *b\n  z: 3", """{"base":{"x":1,"z":2},"c":{"z":3,"x":1}}""")]
    [TestCase("a: &a {x: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b]}", """{"a":{"x":1},"b":{"x":2,"z":2},"c":{"x":1,"z":2}}""")]
    [TestCase("a: &x [1]\nb: *x", """{"a":[1],"b":[1]}""")]
    [TestCase("a: \"\\u0001é<>&\"", "{\"a\":\"\\u0001é<>&\"}")]
    public void Yaml_becomes_json(string yaml, string json) => Assert.That(Convert(yaml), Is.EqualTo(json));

    [TestCase("a: [1")]
    [TestCase("a: b: c")]
    [TestCase("a: *nowhere")]
    [TestCase("a: &a [*a]")]
    [TestCase("? [a]\n: b")]
    [TestCase("~: b")]
    [TestCase("a: .nan")]
    [TestCase("<<: 5")]
    public void What_cannot_be_json_is_an_error(string yaml) =>
        Assert.That(() => Convert(yaml),
            Throws.TypeOf<ObjectFormatException>().With.Message.StartsWith("error converting YAML to JSON: yaml:"));

    [Test]
    public void Anchors_unfold_to_a_bounded_size()
    {
        var text = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 20; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        Assert.That(() => Convert(text.ToString()), Throws.TypeOf<ObjectFormatException>().With.Message.Contains("excessive aliasing"));
    }

    [Test]
    public void Nesting_is_bounded_in_both_notations()
    {
        var flow = new string('[', 3000) + new string(']', 3000);
        var merged = new StringBuilder("a0: &a0 {x: 1}\n");
        for (var i = 1; i < 1000; i++)
        {
            merged.Append($"a{i}: &a{i} {{<<: *a{i - 1}}}\n");
        }

        Assert.That(() => Convert(flow), Throws.TypeOf<ObjectFormatException>().With.Message.Contains("deeper"));
        Assert.That(() => Convert(merged.ToString()), Throws.TypeOf<ObjectFormatException>().With.Message.Contains("deeper"));
    }

    [Test]
    public void Bytes_that_are_no_text_are_refused() =>
        Assert.That(() => YamlConverter.ToJson([0x61, 0x3a, 0x20, 0xff], new ArrayBufferWriter<byte>()),
            Throws.TypeOf<ObjectFormatException>());

    private static string Convert(string yaml)
    {
        var output = new ArrayBufferWriter<byte>();
        YamlConverter.ToJson(Encoding.UTF8.GetBytes(yaml), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
