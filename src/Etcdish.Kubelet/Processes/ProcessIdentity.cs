using System.Globalization;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// A process for good: its number, which the kernel gives to others later, and when it started. Read from lines of <c>/proc/…/stat</c>,
/// which processes write down themselves.
/// </summary>
/// <param name="Id">Its number.</param>
/// <param name="StartTicks">When it started, in ticks since the machine did.</param>
internal readonly record struct ProcessIdentity(int Id, long StartTicks)
{
    // Fields of the line behind the name, which is in brackets and may contain anything: proc(5).
    private const int StateField = 0;
    private const int SessionField = 3;
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;
    private const int StartField = 19;
    private const int ResidentField = 21;
    private const long TicksPerSecond = 100;

    /// <summary>Whether it is there and has not ended.</summary>
    public bool IsAlive => Read(Id) is { } now && now.Identity == this && now.State is not ('Z' or 'X');

    /// <summary>What a file says that a process wrote about itself; null: nothing yet.</summary>
    public static ProcessIdentity? Load(string path) => Parse(ReadText(path))?.Identity;

    /// <summary>A process now; null: there is none.</summary>
    public static ProcessFacts? Read(int id) => Parse(ReadText($"/proc/{id}/stat"));

    /// <summary>All processes of a session.</summary>
    public static IReadOnlyList<ProcessFacts> ListSession(int session) => [.. ListAll().Where(process => process.Session == session)];

    /// <summary>All processes of the machine.</summary>
    public static IEnumerable<ProcessFacts> ListAll()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Read(id) is { } process)
            {
                yield return process;
            }
        }
    }

    private static ProcessFacts? Parse(string line)
    {
        var name = line.LastIndexOf(')');
        if (name < 0 || !int.TryParse(line.AsSpan(0, line.IndexOf(' ')), CultureInfo.InvariantCulture, out var id))
        {
            return null;
        }

        var fields = line[(name + 2)..].Split(' ');
        if (fields.Length <= ResidentField)
        {
            return null;
        }

        long Number(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
        return new ProcessFacts(
            new ProcessIdentity(id, Number(StartField)),
            fields[StateField][0],
            (int)Number(SessionField),
            (Number(UserTimeField) + Number(SystemTimeField)) * (1_000_000_000 / TicksPerSecond),
            Number(ResidentField) * Environment.SystemPageSize);
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It went away meanwhile.
            return "";
        }
    }
}

/// <summary>A process at one moment.</summary>
/// <param name="Identity">Which.</param>
/// <param name="State">R, S, D, Z and so on.</param>
/// <param name="Session">Its session.</param>
/// <param name="CpuNanoseconds">Time of processors so far, in ns.</param>
/// <param name="ResidentBytes">Memory it has.</param>
internal sealed record ProcessFacts(ProcessIdentity Identity, char State, int Session, long CpuNanoseconds, long ResidentBytes);
