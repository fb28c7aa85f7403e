namespace Etcdish.Consensus;

/// <summary>
/// What a member finds on its disk when it starts: the base of its log, the headers of the entries after it, and its hard state. The host
/// fills it while it reads the log; writes that never became durable are not in it.
/// </summary>
public sealed class RestoredState
{
    /// <summary>Starts with what the log starts with.</summary>
    /// <param name="start">
    /// The newest snapshot; or index 0, term 0 and the members of a new cluster, alike on each of them; or index 0 and
    /// <see cref="Configuration.Empty"/> for a member that joins a cluster and learns of it from the leader.
    /// </param>
    public RestoredState(LogBase start)
    {
        ArgumentNullException.ThrowIfNull(start);
        Log = new TermLog(start.Index, start.Term);
        Configurations = new ConfigurationHistory(start.Index, start.Configuration);
    }

    /// <summary>Term, vote and commit as last written.</summary>
    public HardState HardState { get; set; }

    /// <summary>
    /// What the state machine holds already, for instance from a checkpoint; taken as committed. 0 means: no more than the base.
    /// </summary>
    public ulong Applied { get; set; }

    /// <summary>
    /// The log lost entries that this member may have acknowledged (damage at or below the durable mark). It then neither votes nor
    /// campaigns nor counts, until a leader has filled its log again. Term and vote must be whole: a member that lost those is removed
    /// and added under a new id.
    /// </summary>
    public bool Quarantined { get; set; }

    internal TermLog Log { get; }

    internal ConfigurationHistory Configurations { get; }

    /// <summary>The next entry of the log, as the host reads it. A lower index than the last cuts what came before from there on.</summary>
    /// <param name="entry">Its header.</param>
    /// <exception cref="ArgumentException">A gap, a term that goes back, or a configuration entry without its configuration.</exception>
    public void Add(in EntryHeader entry)
    {
        if (entry.Index > Log.LastIndex + 1 || entry.Index <= Log.BaseIndex)
        {
            throw new ArgumentException($"entry {entry.Index} does not follow {Log.LastIndex}", nameof(entry));
        }

        if ((entry.Type == EntryType.Configuration) != (entry.Configuration is not null))
        {
            throw new ArgumentException($"entry {entry.Index}: type and configuration disagree", nameof(entry));
        }

        if (entry.Index <= Log.LastIndex)
        {
            Log.TruncateFrom(entry.Index);
            Configurations.TruncateFrom(entry.Index);
        }

        if (entry.Term < Log.LastTerm)
        {
            throw new ArgumentException($"entry {entry.Index} of term {entry.Term} after term {Log.LastTerm}", nameof(entry));
        }

        Log.Append(entry.Index, entry.Term);
        if (entry.Configuration is not null)
        {
            Configurations.Append(entry.Index, entry.Configuration);
        }
    }
}
