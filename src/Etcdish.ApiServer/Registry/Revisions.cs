using System.Globalization;

namespace Etcdish.ApiServer.Registry;

/// <summary>Revisions as text.</summary>
internal static class Revisions
{
    public static string Format(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>A revision that this server wrote.</summary>
    public static long Parse(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
