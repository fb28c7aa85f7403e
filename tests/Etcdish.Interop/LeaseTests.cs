using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>Leases, locks and elections of etcdctl next to genuine etcd.</summary>
public class LeaseTests
{
    private const string Granted = "lease ([0-9a-f]+) granted";

    [Test]
    public void Grant_use_and_revoke() => SideBySide.Compare(session =>
    {
        session.Capture("lease", "lease grant 600", Granted);
        session.Capture("other", "lease grant 900", Granted);
        KeyValueTests.Table(session, """
            put a 1 --lease {lease}
            put b 2 --lease {lease}
            put c 3 --lease {other}
            put a 2 --ignore-lease
            get a -w json
            get a -w fields
            lease timetolive {lease} --keys
            put b 3
            get b -w json
            lease timetolive {lease} --keys
            lease revoke {lease}
            lease revoke {lease}
            lease timetolive {lease}
            lease timetolive {lease} --keys
            get "" --prefix -w json
            put a 1 --lease {lease}
            lease keep-alive {lease} --once
            lease keep-alive {other} --once
            lease list
            lease revoke {other} -w json
            lease list
            lease revoke xyz
            lease timetolive xyz
            lease grant
            lease grant x
            lease grant 9000000001
            lease revoke
            lease frobnicate
            """);
    });

    [Test]
    public void Time_to_live_in_json() => SideBySide.Compare(session =>
    {
        session.Capture("lease", "lease grant 600", Granted);
        session.Run("put a 1 --lease {lease}");
        CommandResult result = session.Ctl.Run(CommandLine.Split($"lease timetolive {LeaseOf(session)} --keys -w json"));
        session.Note("lease timetolive -w json", Regex.Replace(result.ToString(), "(?i)\"ttl\":\\d+", "\"ttl\":#"));
    });

    [Test]
    public void The_shortest_lease_and_its_end() => SideBySide.Compare(session =>
    {
        // One second is less than the server allows; what it grants instead is part of the answer.
        CommandResult granted = session.Ctl.Run("lease grant 1 -w json");
        string lease = System.Text.Json.JsonDocument.Parse(granted.StandardOutput).RootElement.GetProperty("ID").GetInt64().ToString("x16");
        session.Name(lease, "lease");
        session.Note("lease grant 1", granted.ToString());
        ChildProcess watch = session.Start("watch k --prefix --rev 1");
        session.Run("put k2 v --lease {lease}");
        session.Run("put k1 v --lease {lease}");
        session.Await(watch, "DELETE", times: 2);
        session.Interrupt(watch, "watch of the expiry");
        KeyValueTests.Table(session, """
            get "" --prefix -w json
            lease timetolive {lease}
            lease list
            """);
    });

    [Test]
    public void Keep_alive_goes_on() => SideBySide.Compare(session =>
    {
        session.Capture("lease", "lease grant 3", Granted);
        ChildProcess keeper = session.Start("lease keep-alive {lease}");
        session.Await(keeper, "keepalived", times: 2);
        session.Run("lease revoke {lease}");
        session.Await(keeper, "expired or revoked");
        int exitCode = keeper.WaitForExit(TimeSpan.FromSeconds(20));
        session.Note("exit code of keep-alive", exitCode.ToString());
    });

    [Test]
    public void Lock() => SideBySide.Compare(session =>
    {
        session.Run("lock mutex true");
        session.Run("lock mutex -- sh -c 'exit 3'");
        session.Run("lock mutex -- sh -c 'echo holding $ETCD_LOCK_REV'");
        ChildProcess holder = session.Start("lock mutex");
        session.Await(holder, "mutex/");
        ChildProcess waiter = session.Start("lock mutex echo second");
        session.Interrupt(holder, "the holder");
        session.Finish(waiter, "the one who waited");
        session.Run("get mutex --prefix");
        session.Run("lock");
    });

    [Test]
    public void Elect() => SideBySide.Compare(session =>
    {
        ChildProcess leader = session.Start("elect office first");
        session.Await(leader, "first");
        ChildProcess observer = session.Start("elect -l office");
        session.Await(observer, "first");
        ChildProcess second = session.Start("elect office second");
        session.Interrupt(leader, "the first leader");
        session.Await(second, "second");
        session.Await(observer, "second");
        session.Interrupt(second, "the second leader");
        session.Interrupt(observer, "the observer");
        session.Run("get office --prefix");
        session.Run("elect");
        session.Run("elect office");
    });

    private static string LeaseOf(Session session) => session.Ctl.Run("lease list").StandardOutput.Trim().Split('\n')[^1];
}
