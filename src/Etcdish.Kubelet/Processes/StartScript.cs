using System.Globalization;
using System.Text;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// What the shell does between this process and a container's command: .NET can do nothing between fork and exec, and what waits for a
/// container must outlive this process. Descriptor 9 leads to who starts it: either a line "started", or what went wrong. Descriptor 8 is
/// the container's own errors until it has them.
/// </summary>
internal static class StartScript
{
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const string Home = "/";

    /// <summary>
    /// Starts a container, waits for it, ends what it left and writes down its exit code. Arguments: the container's folder, the file of
    /// the exit code, the file that lists the processes of its control group (or empty), the files of its output and its errors, and tty
    /// (or empty).
    /// A terminal is kept by script(1), which outlives this process as well. A shell tells of a command that a signal ended: not to a pipe
    /// that nobody reads any more, for that would end the shell. Who ignores SIGPIPE instead hands that down to the container.
    /// Between the container and the files of its output there is a cat(1) for each stream: who opens /dev/stdout anew opens a pipe then,
    /// and cuts nothing off. This shell holds both ends until all of the container is gone; what left its control group, or its session
    /// where there is none, may hold a pipe for longer, and is waited for only for a second.
    /// </summary>
    public const string Supervise = """
        cd "$1" || exit
        exec 9>&1 2>&1 >/dev/null </dev/null
        set -C
        read -r stat < /proc/$$/stat && printf '%s\n' "$stat" > supervisor || exit
        set +C
        if [ -p stdin ]; then
            exec 7<>stdin
            sleep 2147483647 2>/dev/null 9>&- & holder=$!
            read -r stat < /proc/$holder/stat && printf '%s\n' "$stat" > holder
            exec 7>&-
        fi
        exec 2>/dev/null
        if [ "$6" = tty ]; then
            setsid script -qefc '/bin/sh ./start' /dev/null <stdin >>"$4" 2>&9
        else
            exec 5<>stdout 6<>stderr
            cat <stdout >>"$4" 5>&- 6>&- 9>&- & out=$!
            cat <stderr >>"$5" 5>&- 6>&- 9>&- & err=$!
            setsid /bin/sh ./start 2>&9 5>&- 6>&-
        fi
        code=$?
        exec 9>&-
        [ -z "$holder" ] || kill -9 "$holder"
        read -r pid rest < process
        # For a second at most: what an init does not wait for never leaves the group.
        tries=50
        while [ -n "$pid" ] && [ $tries -gt 0 ] && kill -9 -- "-$pid"; do tries=$((tries - 1)); sleep 0.02; done
        exec 5>&- 6>&-
        while [ -n "$3" ] && left=$(cat "$3") && [ -n "$left" ]; do kill -9 $left; sleep 0.02; done
        tries=50
        while [ -n "$out" ] && [ $tries -gt 0 ] && { kill -0 $out || kill -0 $err; }; do tries=$((tries - 1)); sleep 0.02; done
        echo $code > "$2"
        """;

    /// <summary>The last step, as whom and where the command runs. Arguments: directory, search path, command, then those of env.</summary>
    private const string Enter = """
        cd -- "$1" || exit 126
        if ! PATH=$2 command -v -- "$3" >/dev/null; then
            printf 'exec: "%s": executable file not found in $PATH\n' "$3" >&2
            exit 127
        fi
        shift 3
        printf 'started %s\n' "$$" >&9
        exec /usr/bin/env -i "$@" 2>&8 8>&- 9>&-
        """;

    /// <summary>The script that becomes a container's process.</summary>
    /// <param name="container">The container.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="isPrivileged">Whether it has a root and a user of its own.</param>
    /// <param name="groups">Files that take the number of a process that joins its control group.</param>
    public static string Start(StoredContainer container, ContainerFolder folder, bool isPrivileged, IEnumerable<string> groups)
    {
        var settings = container.Settings;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Becomes container {settings.Name} of pod {container.Pod.Namespace}/{container.Pod.Name}.\n");
        text.Append("read -r stat < /proc/$$/stat && printf '%s\\n' \"$stat\" > process || exit\n");
        Join(text, groups);

        // Less than what it has may need a right that even root can lack; the command runs anyhow.
        var badness = settings.Resources.OomScoreAdjustment.ToString(CultureInfo.InvariantCulture);
        text.Append(CultureInfo.InvariantCulture, $"echo {badness} 2>/dev/null > /proc/$$/oom_score_adj\n");
        text.Append(settings.Tty ? "exec 8>&2 2>&9\n" : Redirections(settings));
        text.Append("exec ");
        if (isPrivileged)
        {
            text.Append("chroot ").Append(Quote(folder.FileSystem)).Append(' ');
        }

        AppendCommand(text, container, folder, isPrivileged, [.. settings.Command, .. settings.Arguments]);
        return text.ToString();
    }

    /// <summary>A script that becomes another process of a container that runs.</summary>
    /// <param name="container">The container.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="process">Its first process.</param>
    /// <param name="isPrivileged">Whether it has a root and a user of its own.</param>
    /// <param name="groups">Files that take the number of a process that joins its control group.</param>
    /// <param name="command">The command.</param>
    /// <param name="tty">Whether it runs in a terminal; standard error then tells how the start went.</param>
    public static string Execute(
        StoredContainer container,
        ContainerFolder folder,
        int process,
        bool isPrivileged,
        IEnumerable<string> groups,
        IReadOnlyList<string> command,
        bool tty)
    {
        var text = new StringBuilder();
        Join(text, groups);
        text.Append(tty ? "exec 8>&2 2>&9\n" : "exec 8>&2 9>/dev/null\n");
        text.Append("exec ");
        if (isPrivileged)
        {
            text.Append(CultureInfo.InvariantCulture, $"nsenter --target {process} --mount --uts --net --root --wd=/proc/{process}/root -- ");
        }

        AppendCommand(text, container, folder, isPrivileged, command, tty);
        return tty ? $"exec 9>&2\nexec script -qefc {Quote(text.ToString())} /dev/null\n" : text.ToString();
    }

    /// <summary>The environment of a container: what its pod says, and what no program should have to do without.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Environment(StoredContainer container, string home, bool tty)
    {
        List<KeyValuePair<string, string>> all = [
            new("PATH", DefaultPath),
            new("HOME", home),
        ];
        if (container.Hostname.Length > 0)
        {
            all.Add(new("HOSTNAME", container.Hostname));
        }

        if (tty)
        {
            all.Add(new("TERM", "xterm"));
        }

        foreach (var variable in container.Settings.Environment)
        {
            all.RemoveAll(other => other.Key == variable.Key);
            all.Add(variable);
        }

        return all;
    }

    /// <summary>A word of the shell.</summary>
    public static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static void Join(StringBuilder text, IEnumerable<string> groups)
    {
        foreach (var group in groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"echo $$ > {Quote(group)} || exit\n");
        }
    }

    private static string Redirections(ContainerSettings settings) =>
        $"exec {(settings.Stdin ? "<stdin" : "</dev/null")} >stdout 8>stderr 2>&9\n";

    private static void AppendCommand(
        StringBuilder text,
        StoredContainer container,
        ContainerFolder folder,
        bool isPrivileged,
        IReadOnlyList<string> command,
        bool? tty = null)
    {
        var home = isPrivileged ? Home : folder.FileSystem;
        var environment = Environment(container, home, tty ?? container.Settings.Tty);
        if (isPrivileged)
        {
            text.AppendJoin("", Rights(container.Settings).Select(word => Quote(word) + ' '));
        }

        var path = environment.First(variable => variable.Key == "PATH").Value;
        string[] words = [
            "/bin/sh", "-c", Enter, "sh", WorkingDirectory(container.Settings, home), path, command[0],
            .. environment.Select(variable => $"{variable.Key}={variable.Value}"),
            .. command,
        ];
        text.AppendJoin(' ', words.Select(Quote)).Append('\n');
    }

    private static string WorkingDirectory(ContainerSettings settings, string home) =>
        settings.WorkingDirectory.Length > 0 ? settings.WorkingDirectory : home;

    /// <summary>setpriv(1), if the process is to be anyone but root with all rights.</summary>
    private static List<string> Rights(ContainerSettings settings)
    {
        List<string> words = [];
        var user = settings.User;
        if (user.Uid is not null || user.Gid is not null || user.SupplementalGroups.Count > 0)
        {
            words.AddRange(["--reuid", Text(user.Uid ?? 0), "--regid", Text(user.Gid ?? 0)]);
            words.AddRange(user.SupplementalGroups.Count > 0
                ? ["--groups", string.Join(',', user.SupplementalGroups.Select(Text))]
                : ["--clear-groups"]);
        }

        if (settings.NoNewPrivileges)
        {
            words.Add("--no-new-privs");
        }

        if (!settings.Security.Privileged && Bounds(settings.Security.Capabilities) is { Length: > 0 } bounds)
        {
            words.AddRange(["--bounding-set", bounds, "--inh-caps", "-all"]);
        }

        return words.Count > 0 ? ["setpriv", .. words, "--"] : words;
    }

    private static string Bounds(CapabilitiesManifest? wanted)
    {
        if (wanted is null || wanted.Drop.Length == 0)
        {
            return "";
        }

        static string Name(string capability) => capability.ToLowerInvariant() is var name && name.StartsWith("cap_", StringComparison.Ordinal)
            ? name[4..]
            : name;
        return wanted.Drop.Contains("ALL", StringComparer.OrdinalIgnoreCase)
            ? string.Join(',', ["-all", .. wanted.Add.Select(added => "+" + Name(added))])
            : string.Join(',', wanted.Drop.Select(dropped => "-" + Name(dropped)));
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
