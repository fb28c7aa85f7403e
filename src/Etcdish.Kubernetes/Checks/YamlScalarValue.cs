using System.Globalization;
using System.Text.RegularExpressions;

namespace Etcdish.Kubernetes;

/// <summary>What a scalar of YAML 1.1 means.</summary>
internal static partial class YamlScalarValue
{
    /// <summary>A string, a bool, a long, a ulong beyond that, a double, or null.</summary>
    public static object? Resolve(YamlScalar scalar) => scalar.Tag switch
    {
        "" when !scalar.IsPlain => scalar.Text,
        "tag:yaml.org,2002:str" or "!" => scalar.Text,
        "tag:yaml.org,2002:float" when ResolvePlain(scalar.Text) is long whole => (double)whole,
        "tag:yaml.org,2002:binary" => System.Text.Encoding.UTF8.GetString(ReadBinary(scalar.Text)),
        "" or "tag:yaml.org,2002:int" or "tag:yaml.org,2002:bool" or "tag:yaml.org,2002:null" or "tag:yaml.org,2002:float" =>
            ResolvePlain(scalar.Text),
        _ => scalar.Text,
    };

    private static object? ResolvePlain(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return true;
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return false;
            case ".nan" or ".NaN" or ".NAN":
                return double.NaN;
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                return double.PositiveInfinity;
            case "-.inf" or "-.Inf" or "-.INF":
                return double.NegativeInfinity;
        }

        return char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.' ? ResolveNumber(text) ?? text : text;
    }

    private static object? ResolveNumber(string text)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        var isNegative = digits.StartsWith('-');
        var body = digits.AsSpan(digits.Length > 0 && digits[0] is '+' or '-' ? 1 : 0);
        if (TryReadWhole(body, out var magnitude))
        {
            return (isNegative, magnitude) switch
            {
                (false, <= long.MaxValue) => (object)(long)magnitude,
                (false, _) => magnitude,
                (true, <= 1UL << 63) => unchecked((long)(0 - magnitude)),
                _ => -(double)magnitude,
            };
        }

        return Float().IsMatch(digits) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
    }

    private static bool TryReadWhole(ReadOnlySpan<char> body, out ulong value)
    {
        value = 0;
        var (radix, start) = body switch
        {
            ['0', 'x' or 'X', ..] => (16u, 2),
            ['0', 'b' or 'B', ..] => (2u, 2),
            ['0', 'o' or 'O', ..] => (8u, 2),
            ['0', _, ..] => (8u, 1),
            _ => (10u, 0),
        };
        foreach (var c in body[start..])
        {
            var digit = char.IsAsciiHexDigit(c) ? (uint)Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= radix || value > (ulong.MaxValue - digit) / radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return body.Length > start;
    }

    private static byte[] ReadBinary(string text)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new WireFormatException("!!binary value contains invalid base64 data");
        }
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Float();
}
