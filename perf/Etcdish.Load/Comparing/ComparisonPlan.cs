namespace Etcdish.Load.Comparing;

/// <summary>How long and where to compare.</summary>
/// <param name="Folder">Data of the servers goes below it, and is deleted after each turn.</param>
/// <param name="Rounds">Turns of each server.</param>
/// <param name="Duration">Measured time of a case.</param>
/// <param name="WarmUpRequests">Puts before the first case of a turn.</param>
/// <param name="KeySpace">Number of different keys.</param>
/// <param name="Nodes">Members of each cluster.</param>
internal sealed record ComparisonPlan(string Folder, int Rounds, TimeSpan Duration, long WarmUpRequests, int KeySpace, int Nodes);
