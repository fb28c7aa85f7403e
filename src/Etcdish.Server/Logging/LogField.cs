namespace Etcdish.Server.Logging;

/// <summary>Severities of log lines, in etcd's words.</summary>
internal enum LogLevel
{
    Debug,
    Info,
    Warn,
    Error,
    Panic,
    Fatal,
}

/// <summary>A name and a value that follow a log line's message.</summary>
/// <param name="Name">JSON key.</param>
/// <param name="Value">Text, number, bool, a span of time, texts, or anything with a ToString.</param>
internal readonly record struct LogField(string Name, object? Value);
