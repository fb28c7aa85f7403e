using System.CommandLine;
using Etcdish.Server;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish server: stands here for the list of verbs; its flags are read by the server itself.</summary>
internal static class ServerVerb
{
    public static Command Command()
    {
        var command = new Command("server", "Serve etcd's v3 API with etcd's flags; see 'etcdish server --help'.")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        command.SetAction((parsed, _) => ServerProcess.RunAsync(parsed.UnmatchedTokens));
        return command;
    }
}
