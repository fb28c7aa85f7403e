using System.Globalization;
using System.Text.RegularExpressions;

namespace Etcdish.ApiServer.Extensions;

/// <summary>The order of versions: v2 above v1 above v1beta2 above v1beta1 above v1alpha1, and any other name below.</summary>
internal readonly partial record struct VersionRank(int Stability, long Major, long Minor, string Name) : IComparable<VersionRank>
{
    public static VersionRank Of(string version)
    {
        var match = Shape().Match(version);
        if (!match.Success || !long.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var major))
        {
            return new VersionRank(0, 0, 0, version);
        }

        var stability = match.Groups[2].Value switch { "" => 3, "beta" => 2, _ => 1 };
        _ = long.TryParse(match.Groups[3].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var minor);
        return new VersionRank(stability, major, minor, version);
    }

    public int CompareTo(VersionRank other) =>
        (Stability, Major, Minor).CompareTo((other.Stability, other.Major, other.Minor)) is not 0 and var order
            ? order
            : string.CompareOrdinal(other.Name, Name);

    [GeneratedRegex(@"^v([1-9]\d{0,17})(?:(alpha|beta)([1-9]\d{0,17}))?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Shape();
}
