using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Rows;

/// <summary>One thing that is measured.</summary>
internal interface IRow
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>Starts the server, puts its load on it and returns what came out.</summary>
    Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation);
}
