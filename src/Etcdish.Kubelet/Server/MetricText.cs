using System.Globalization;
using System.Text;

namespace Etcdish.Kubelet.Server;

/// <summary>Writes figures in Prometheus' text format, version 0.0.4. A family must be written at once.</summary>
internal sealed class MetricText
{
    /// <summary>The type of the answer.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>All that was written.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>Begins a family.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">counter or gauge.</param>
    /// <param name="help">What it is.</param>
    public void Family(string name, string type, string help) =>
        _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    /// <summary>Writes one figure of a family.</summary>
    /// <param name="name">The family's name.</param>
    /// <param name="value">The figure.</param>
    /// <param name="at">When it was measured; null: now.</param>
    /// <param name="labels">What it is of.</param>
    public void Sample(string name, double value, DateTimeOffset? at, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            AppendEscaped(labels[i].Value);
            _text.Append('"').Append(i == labels.Length - 1 ? "}" : "");
        }

        _text.Append(CultureInfo.InvariantCulture, $" {value:R}");
        if (at is { } time)
        {
            _text.Append(CultureInfo.InvariantCulture, $" {time.ToUnixTimeMilliseconds()}");
        }

        _text.Append('\n');
    }

    /// <summary>Writes a family of one figure.</summary>
    public void Single(string name, string type, string help, double value)
    {
        Family(name, type, help);
        Sample(name, value, at: null);
    }

    private void AppendEscaped(string value)
    {
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => _text.Append("\\\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append("\\n"),
                _ => _text.Append(c),
            };
        }
    }
}
