using System.CommandLine;

namespace Etcdish.ApiLoad.Rows;

/// <summary>api-load run: the API server's rows.</summary>
internal static class RunCommand
{
    public static Command Create() => RowCommand.Create(
        "run", "Measure the API server, each row on a server of its own.", [new StartRow(), new CreateRow(), new ListRow(), new WatchRow()]);
}
