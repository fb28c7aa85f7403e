using System.Globalization;
using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>Where in an object a codec is; only an error pays for the text, which is Kubernetes': <c>a.b[0].c</c>.</summary>
internal sealed class PathTracker
{
    private (string? Name, int Index)[] _steps = new (string? Name, int Index)[16];

    public int Depth { get; private set; }

    public void PushField(string name) => Push((name, 0));

    public void PushIndex(int index) => Push((null, index));

    public void SetIndex(int index) => _steps[Depth - 1] = (null, index);

    public void Pop() => Depth--;

    public void Clear() => Depth = 0;

    /// <summary>The path as Go's JSON package has it in its errors: names only.</summary>
    public string WithoutIndexes() => string.Join('.', _steps.Take(Depth).Where(s => s.Name is not null).Select(s => s.Name));

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, index) in _steps.AsSpan(0, Depth))
        {
            if (name is null)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }
            else
            {
                text.Append(text.Length > 0 ? "." : "").Append(name);
            }
        }

        return text.ToString();
    }

    private void Push((string? Name, int Index) step)
    {
        if (Depth == _steps.Length)
        {
            Array.Resize(ref _steps, Depth * 2);
        }

        _steps[Depth++] = step;
    }
}
