using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>Alarms by the names that the protocol gives them, as health checks and status texts show them.</summary>
internal static class AlarmNames
{
    public static string Of(AlarmType type) => type switch
    {
        AlarmType.None => "NONE",
        AlarmType.NoSpace => "NOSPACE",
        AlarmType.Corrupt => "CORRUPT",
        _ => "UNKNOWN",
    };
}
