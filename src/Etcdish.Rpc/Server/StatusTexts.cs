namespace Etcdish.Rpc;

/// <summary>The decimal text of each status, made once.</summary>
internal static class StatusTexts
{
    private static readonly string[] _texts =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];

    /// <summary>Text of a status; a number outside the table (a bug of a handler) becomes Unknown.</summary>
    public static string Of(StatusCode status) => (uint)status < (uint)_texts.Length ? _texts[(int)status] : "2";
}
