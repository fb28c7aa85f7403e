using System.Text;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>etcdctl's watch next to genuine etcd.</summary>
public class WatchTests
{
    private const string Changes = """
        put k1 a
        put k2 b
        put k1 c
        del k1
        put k3 d
        put other x
        del k2 k9
        put k1 last
        """;

    [TestCase("watch k1")]
    [TestCase("watch k1 --prev-kv")]
    [TestCase("watch k --prefix")]
    [TestCase("watch k --prefix --prev-kv")]
    [TestCase("watch k1 k3 --prev-kv")]
    [TestCase("watch \"\" --prefix")]
    [TestCase("watch k --prefix --prev-kv -w json")]
    [TestCase("watch k --prefix -w fields")]
    [TestCase("watch k --prefix --hex")]
    public void From_the_beginning(string line) => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, Changes);
        ChildProcess watch = session.Start(line + " --rev 1");
        // How many changes share a response is the same only if the watch caught up before new ones come.
        session.Await(watch, Shown(line, "last"));
        KeyValueTests.Table(session, Changes);
        session.Run("put k1 theend");
        session.Await(watch, Shown(line, "theend"));
        session.Interrupt(watch, line);
    });

    [Test]
    public void From_every_revision([Range(1, 9)] int revision) => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, Changes);
        session.Run("put k1 theend");
        ChildProcess watch = session.Start($"watch k --prefix --prev-kv --rev {revision}");
        session.Await(watch, "theend");
        session.Interrupt(watch, "watch");
    });

    [Test]
    public void From_a_future_revision() => SideBySide.Compare(session =>
    {
        ChildProcess watch = session.Start("watch k --prefix --rev 5");
        KeyValueTests.Table(session, Changes);
        session.Await(watch, "last");
        session.Interrupt(watch, "watch");
    });

    [Test]
    public void From_a_compacted_revision() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, Changes);
        // Not at a delete: etcd 3.4 forgets a tombstone at the compacted revision, newer versions keep it for such a watch.
        session.Run("compaction 4");
        ChildProcess compacted = session.Start("watch k --prefix --rev 3");
        session.Finish(compacted, "watch from below the compaction");
        ChildProcess watch = session.Start("watch k --prefix --prev-kv --rev 4");
        session.Await(watch, "last");
        session.Interrupt(watch, "watch from the compaction");
    });

    [Test]
    public void Interactive_with_progress() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, Changes);
        ChildProcess watch = session.Start("watch -i");
        Say(watch, "watch k --prefix --rev 4");
        session.Await(watch, "last");
        Say(watch, "watch other --prev-kv --rev 1");
        session.Await(watch, "other");
        Say(watch, "progress");
        session.Await(watch, "progress notify");
        Say(watch, "nonsense");
        Say(watch, "watch k3 --rev 1");
        session.Await(watch, "d\n", times: 2);
        session.Interrupt(watch, "watch -i");
    });

    [Test]
    public void With_a_command_to_run() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, Changes);
        ChildProcess watch = session.Start("watch k --prefix --rev 2 -- sh -c 'env | grep ETCD_WATCH | sort'");
        session.Await(watch, "ETCD_WATCH_VALUE=\"last\"");
        session.Interrupt(watch, "watch --");
    });

    [Test]
    public void Wrong_arguments() => SideBySide.Compare(session => KeyValueTests.Table(session, """
        watch
        watch a --rev x
        watch a -w nonsense
        watch a --frobnicate
        """));

    private static void Say(ChildProcess process, string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
    }

    private static string Shown(string line, string value)
    {
        if (line.Contains("json", StringComparison.Ordinal))
            return Convert.ToBase64String(Encoding.ASCII.GetBytes(value));
        return line.Contains("hex", StringComparison.Ordinal) ? string.Concat(value.Select(letter => $@"\x{(int)letter:x2}")) : value;
    }
}
