namespace Etcdish.Consensus.Tests.Scripting;

/// <summary>A command line of a script: a verb, words, and <c>name=value</c> options in any order.</summary>
internal sealed class ScriptCommand
{
    private readonly Dictionary<string, string> _options = [];
    private readonly List<string> _words = [];

    internal ScriptCommand(string line)
    {
        Line = line;
        foreach (var part in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                _options.Add(part[..equals], part[(equals + 1)..]);
            }
            else
            {
                _words.Add(part);
            }
        }
    }

    internal string Line { get; }

    internal string Verb => _words[0];

    internal IReadOnlyList<string> Words => _words;

    internal IReadOnlyDictionary<string, string> Options => _options;

    internal bool Has(string word) => _words.Contains(word);

    internal ulong Number(int word) => ulong.Parse(_words[word]);

    internal ulong NumberOr(int word, ulong otherwise) => word < _words.Count ? ulong.Parse(_words[word]) : otherwise;

    internal ulong Option(string name, ulong otherwise) => _options.TryGetValue(name, out var value) ? ulong.Parse(value) : otherwise;

    internal ulong[] List(string name) =>
        _options.TryGetValue(name, out var value) ? [.. value.Split(',').Select(ulong.Parse)] : [];
}
