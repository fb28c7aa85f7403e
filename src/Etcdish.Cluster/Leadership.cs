namespace Etcdish.Cluster;

/// <summary>Who leads a group, as a member knows it.</summary>
/// <param name="Term">
/// The newest term that the member knows. It only grows, and has one leader at most: a token to fence off old ones.
/// </param>
/// <param name="Leader">Id of that term's leader; 0 while there is none, or none is known.</param>
public sealed record Leadership(ulong Term, ulong Leader);
