using System.Globalization;
using System.Text;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>A line of a diagram.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">Its points, from left to right.</param>
internal sealed record PictureLine(string Name, (double X, double Y)[] Points);

/// <summary>Diagrams of lines beside each other, from zero on, as SVG.</summary>
internal sealed class Picture(string title)
{
    private const int Width = 360;
    private const int Height = 220;
    private const int Left = 60;
    private const int Top = 50;
    private const int Steps = 5;

    private static readonly string[] _colours = ["#1b6ca8", "#c0562b", "#3d8b53", "#7a4fa3"];
    private readonly StringBuilder _text = new();
    private int _diagrams;

    /// <summary>Adds a diagram to the right of the others.</summary>
    public Picture Add(string name, PictureLine[] lines)
    {
        int origin = Left + (_diagrams++ * (Width + Left + 20));
        double mostX = Round(lines.Max(line => line.Points.Max(point => point.X)));
        double mostY = Round(lines.Max(line => line.Points.Max(point => point.Y)));
        Append($"<g transform=\"translate({origin},{Top})\"><text x=\"0\" y=\"-10\" font-weight=\"bold\">{name}</text>");
        for (int step = 0; step <= Steps; step++)
        {
            double x = Width * step / (double)Steps, y = Height - (Height * step / (double)Steps);
            Append($"<path d=\"M0 {y:F1}H{Width}\" stroke=\"#ddd\"/>");
            Append($"<text x=\"-6\" y=\"{y + 4:F1}\" text-anchor=\"end\">{mostY * step / Steps:N0}</text>");
            Append($"<text x=\"{x:F1}\" y=\"{Height + 16}\" text-anchor=\"middle\">{mostX * step / Steps:N0}</text>");
        }

        for (int i = 0; i < lines.Length; i++)
        {
            string colour = _colours[i % _colours.Length];
            string points = string.Join(' ', lines[i].Points.Select(point => Invariant(
                $"{point.X / mostX * Width:F1},{Height - (point.Y / mostY * Height):F1}")));
            Append($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            Append($"<text x=\"{Width - 4}\" y=\"{Height - 8 - (16 * i)}\" text-anchor=\"end\" fill=\"{colour}\">{lines[i].Name}</text>");
        }

        _text.Append("</g>\n");
        return this;
    }

    public override string ToString() => Invariant(
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{_diagrams * (Width + Left + 20)}" height="{Top + Height + 30}" font-family="sans-serif" font-size="11">
        <rect width="100%" height="100%" fill="white"/><text x="{Left}" y="20" font-size="13">{title}</text>
        {_text}</svg>

        """);

    /// <summary>The least round number that is not less.</summary>
    private static double Round(double most)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return power * ((double[])[1, 2, 2.5, 5, 10]).First(factor => power * factor >= most);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Append(FormattableString line) => _text.Append(Invariant(line)).Append('\n');
}
