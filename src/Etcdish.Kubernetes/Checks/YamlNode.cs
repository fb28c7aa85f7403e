namespace Etcdish.Kubernetes;

/// <summary>A node of a YAML document; an alias is the very node it names.</summary>
internal abstract class YamlNode
{
    /// <summary>Whether the node's parts are being read or written: an alias to such a node is a circle.</summary>
    public bool IsOpen { get; set; }
}

/// <summary>A scalar: its text, and whether it may be more than a string.</summary>
internal sealed class YamlScalar(string text, string tag, bool isPlain) : YamlNode
{
    public string Text => text;

    public string Tag => tag;

    public bool IsPlain => isPlain;
}

internal sealed class YamlSequence : YamlNode
{
    public List<YamlNode> Items { get; } = [];
}

internal sealed class YamlMapping : YamlNode
{
    public List<(YamlNode Key, YamlNode Value)> Entries { get; } = [];
}
