using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// What becomes of a member whose log or state is damaged, in a group that has what it lost: it gives up all of it, keeps only its ids, its
/// term and its vote (<see cref="MemberFile"/>), and starts with nothing, for the group to fill it again. Until that is done it neither
/// votes nor counts (Etcdish.Consensus, "Quarantine"). A member that decides alone has the only copy, and refuses to start instead.
/// </summary>
/// <remarks>
/// Two steps, so that a crash in between repeats the second: the member file says what is damaged; at the next start the files go, the
/// damaged one under another name as evidence, and the member file says that they are gone.
/// </remarks>
internal static class Quarantine
{
    /// <summary>What the damaged file is called from then on begins with this.</summary>
    public const string EvidencePrefix = "damaged-";

    /// <summary>The damage that an exception speaks of; null when it is of another kind, such as an impossible state or a failed disk.</summary>
    public static FoundDamage? DamageIn(Exception reason) => reason switch
    {
        LogDamagedException log => new FoundDamage(Path.GetFileName(log.File), log.Offset, log.Message),
        DamagedValueException value => new FoundDamage(
            value.Segment == 0 ? "" : SegmentedLog.FileNameOf(value.Segment), value.Offset, value.Message),
        { InnerException: { } inner } => DamageIn(inner),
        _ => null,
    };

    /// <summary>Damage was met: the member file says so from now on, if the group can make up for it.</summary>
    /// <returns>Whether it does.</returns>
    public static bool TryNote(MemberFile member, Exception reason)
    {
        if (!member.Current.HasPeers || DamageIn(reason) is not { } damage)
        {
            return false;
        }

        member.Write(member.Current with { Damage = damage });
        return true;
    }

    /// <summary>As for a member that runs, for damage met by a recovery, which has let go of the folder.</summary>
    public static bool TryNote(NodeOptions options, Exception reason)
    {
        if (options.ForcesNewGroup || DamageIn(reason) is null)
        {
            return false;
        }

        IDisk disk = options.Log.Disk;
        using IDisposable held = disk.LockDirectory(options.DataDirectory);
        using MemberFile? member = MemberFile.TryOpen(disk, options.DataDirectory);
        return member is not null && TryNote(member, reason);
    }

    /// <summary>Does away with a log that is known to be damaged, before it is opened.</summary>
    public static void SetAside(NodeOptions options, MemberFile member)
    {
        if (member.Current.Damage is not { IsSetAside: false } damage)
        {
            return;
        }

        IDisk disk = options.Log.Disk;
        string directory = options.DataDirectory;
        using IDisposable held = disk.LockDirectory(directory);
        string evidence = EvidencePrefix + damage.File;
        foreach (string name in disk.List(directory))
        {
            string path = Path.Combine(directory, name);
            if (name == damage.File)
            {
                disk.Rename(path, Path.Combine(directory, evidence));
            }
            else if (name != MemberFile.Name && name != evidence)
            {
                disk.Delete(path);
            }
        }

        disk.SyncDirectory(directory);
        member.Write(member.Current with { Damage = damage with { IsSetAside = true } });
        options.OnNotice?.Invoke(new NodeNotice(
            true,
            $"THE DATA OF THIS MEMBER IS DAMAGED and was given up; the group fills it again, and until then it neither votes nor counts. "
            + $"File {damage.File}, offset {damage.Offset}: {damage.Reason}. Kept for you to look at: {evidence}. Check the disk."));
    }
}
