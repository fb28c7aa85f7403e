namespace Etcdish.Kubernetes;

/// <summary>What strict field validation has against an object: fields its type does not have, and fields that appear twice.</summary>
public sealed class FieldIssues
{
    private const int MaxMessages = 100;

    private readonly List<string> _messages = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>The messages in Kubernetes' words, each once, such as <c>unknown field "spec.foo"</c>; a hundred at most.</summary>
    public IReadOnlyList<string> Messages => _messages;

    /// <summary>All messages as Kubernetes puts them into the error of a strict request.</summary>
    public string StrictMessage => "strict decoding error: " + string.Join(", ", _messages);

    internal void AddUnknown(PathTracker path, string field) => Add("unknown", path, field);

    internal void AddDuplicate(PathTracker path, string field) => Add("duplicate", path, field);

    private void Add(string what, PathTracker path, string field)
    {
        if (_messages.Count >= MaxMessages)
        {
            return;
        }

        var prefix = path.ToString();
        var message = $"{what} field \"{(prefix.Length == 0 ? field : $"{prefix}.{field}")}\"";
        if (_seen.Add(message))
        {
            _messages.Add(message);
        }
    }
}
