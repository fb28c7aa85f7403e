using Microsoft.Extensions.Logging;

namespace Etcdish.Server.Logging;

/// <summary>Passes what Kestrel has to say into the server's log.</summary>
internal sealed class HostLogBridge(ServerLog log) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("The server's log is the only log provider.");

    public ILogger CreateLogger(string categoryName) => new Bridge(log, categoryName);

    public void Dispose()
    {
        // The log belongs to the server.
    }

    private sealed class Bridge(ServerLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) =>
            logLevel != Microsoft.Extensions.Logging.LogLevel.None && log.IsEnabled(Level(logLevel));

        public void Log<TState>(
            Microsoft.Extensions.Logging.LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            string message = formatter(state, exception);
            LogField[] fields = exception is null
                ? [new("category", category)]
                : [new("category", category), new("error", exception.Message)];
            switch (Level(logLevel))
            {
                case LogLevel.Debug:
                    log.Debug(message, fields);
                    break;
                case LogLevel.Warn:
                    log.Warn(message, fields);
                    break;
                default:
                    log.Error(message, fields);
                    break;
            }
        }

        // What a framework calls information is debugging to someone who runs a database.
        private static LogLevel Level(Microsoft.Extensions.Logging.LogLevel level) => level switch
        {
            <= Microsoft.Extensions.Logging.LogLevel.Information => LogLevel.Debug,
            Microsoft.Extensions.Logging.LogLevel.Warning => LogLevel.Warn,
            _ => LogLevel.Error,
        };
    }
}
