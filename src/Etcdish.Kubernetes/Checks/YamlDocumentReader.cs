using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Etcdish.Kubernetes;

/// <summary>Builds the nodes of a text's first document from the parser's events.</summary>
internal sealed class YamlDocumentReader
{
    private readonly Parser _parser;
    private readonly int _maxDepth;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private int _depth;

    private YamlDocumentReader(string text, int maxDepth)
    {
        _parser = new Parser(new StringReader(text));
        _maxDepth = maxDepth;
    }

    /// <summary>Reads the first document; an empty text is a null.</summary>
    public static YamlNode Read(string text, int maxDepth) => new YamlDocumentReader(text, maxDepth).ReadDocument();

    private YamlNode ReadDocument()
    {
        while (MoveNext())
        {
            if (_parser.Current is DocumentStart)
            {
                MoveNext();
                return ReadNode();
            }
        }

        return new YamlScalar("", "", isPlain: true);
    }

    private YamlNode ReadNode()
    {
        switch (_parser.Current)
        {
            case Scalar scalar:
                var leaf = new YamlScalar(scalar.Value, TagOf(scalar), scalar.Style is ScalarStyle.Plain && scalar.IsPlainImplicit);
                Name(scalar, leaf);
                return leaf;
            case SequenceStart start:
                return ReadSequence(start);
            case MappingStart start:
                return ReadMapping(start);
            case AnchorAlias alias:
                return Resolve(alias.Value.Value);
            default:
                throw new WireFormatException("unexpected end of the document");
        }
    }

    private YamlSequence ReadSequence(SequenceStart start)
    {
        var sequence = new YamlSequence();
        Open(sequence, start);
        while (Next() is not SequenceEnd)
        {
            sequence.Items.Add(ReadNode());
        }

        Close(sequence);
        return sequence;
    }

    private YamlMapping ReadMapping(MappingStart start)
    {
        var mapping = new YamlMapping();
        Open(mapping, start);
        while (Next() is not MappingEnd)
        {
            var key = ReadNode();
            Next();
            mapping.Entries.Add((key, ReadNode()));
        }

        Close(mapping);
        return mapping;
    }

    private YamlNode Resolve(string name)
    {
        if (!_anchors.TryGetValue(name, out var node))
        {
            throw new WireFormatException($"unknown anchor '{name}' referenced");
        }

        return node.IsOpen ? throw new WireFormatException($"anchor '{name}' value contains itself") : node;
    }

    private ParsingEvent? Next() => MoveNext() ? _parser.Current : throw new WireFormatException("unexpected end of the document");

    private bool MoveNext()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The scanner means this for its callers' mistakes, but some texts lead it there, too.
            throw new WireFormatException("the document is malformed");
        }
    }

    private void Open(YamlNode node, NodeEvent start)
    {
        if (++_depth > _maxDepth)
        {
            throw new WireFormatException($"the document nests deeper than {_maxDepth} levels");
        }

        node.IsOpen = true;
        Name(start, node);
    }

    private void Close(YamlNode node)
    {
        node.IsOpen = false;
        _depth--;
    }

    private void Name(NodeEvent start, YamlNode node)
    {
        if (!start.Anchor.IsEmpty)
        {
            _anchors[start.Anchor.Value] = node;
        }
    }

    private static string TagOf(Scalar scalar) => scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
}
