using System.Globalization;

namespace Etcdish.Kubernetes;

/// <summary>A number or a string, such as a port by number or name, or a count as a number or a percentage.</summary>
public readonly record struct IntOrString
{
    /// <summary>A number.</summary>
    public IntOrString(int number) => Number = number;

    /// <summary>A string.</summary>
    public IntOrString(string text) => Text = text;

    /// <summary>The number; 0 if this is a string.</summary>
    public int Number { get; }

    /// <summary>The string, or null if this is a number.</summary>
    public string? Text { get; }

    /// <summary>Whether this is a string.</summary>
    public bool IsText => Text is not null;

    /// <summary>The number itself, or a percentage of <paramref name="total"/>.</summary>
    /// <param name="total">What 100% is.</param>
    /// <param name="roundUp">Whether a fraction counts as one more.</param>
    /// <param name="value">The result.</param>
    /// <returns>False if this is a string and no percentage such as <c>25%</c>.</returns>
    public bool TryScale(int total, bool roundUp, out int value)
    {
        value = Number;
        if (Text is null)
        {
            return true;
        }

        if (!Text.EndsWith('%')
            || !int.TryParse(Text.AsSpan(0, Text.Length - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var percent))
        {
            return false;
        }

        var product = (Int128)percent * total;
        var (quotient, rest) = Int128.DivRem(product, 100);
        quotient += roundUp && rest > 0 ? 1 : !roundUp && rest < 0 ? -1 : 0;
        value = (int)Int128.Clamp(quotient, int.MinValue, int.MaxValue);
        return true;
    }

    /// <summary>The number in decimal, or the string.</summary>
    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);
}
