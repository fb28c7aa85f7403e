namespace Etcdish.Network.Nftables;

/// <summary>What is known of sets and maps from the commands that made them.</summary>
internal sealed class SetForms
{
    private readonly Dictionary<string, Dictionary<string, SetForm>> _tables = [];

    /// <summary>The form of a set; null: it is not known.</summary>
    /// <param name="table">The table, with its family.</param>
    /// <param name="set">The set.</param>
    public SetForm? Find(string table, string set) => _tables.GetValueOrDefault(table)?.GetValueOrDefault(set);

    /// <summary>Takes note of what commands have made and removed.</summary>
    public void Learn(ReadOnlySpan<char> commands)
    {
        foreach (var line in commands.EnumerateLines())
        {
            if (line.StartsWith("add set ") || line.StartsWith("add map "))
            {
                LearnSet(line.ToString());
            }
            else if (line.StartsWith("delete set ") || line.StartsWith("delete map "))
            {
                var words = line.ToString().Split(' ');
                _tables.GetValueOrDefault($"{words[2]} {words[3]}")?.Remove(words[4]);
            }
            else if (line.StartsWith("delete table "))
            {
                _tables.Remove(line["delete table ".Length..].ToString());
            }
        }
    }

    private void LearnSet(string line)
    {
        var (begin, end) = (line.IndexOf('{', StringComparison.Ordinal), line.LastIndexOf('}'));
        var words = line[..begin].Split(' ');
        var table = $"{words[2]} {words[3]}";
        if (!_tables.TryGetValue(table, out var sets))
        {
            _tables[table] = sets = [];
        }

        sets.Remove(words[4]);
        if (SetForm.Parse(line[(begin + 1)..end].Trim()) is { } form)
        {
            sets.Add(words[4], form);
        }
    }
}
