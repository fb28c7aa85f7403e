using Etcdish.Server.Configuration;

namespace Etcdish.Server.Tests;

public sealed class OptionsTests
{
    private static readonly Dictionary<string, string> _noEnvironment = [];

    [Test]
    public void Without_arguments_the_defaults_are_etcds()
    {
        ServerOptions options = Parse();

        Assert.Multiple(() =>
        {
            Assert.That(options.Name, Is.EqualTo("default"));
            Assert.That(options.DataDirectory, Is.EqualTo("default.etcd"));
            Assert.That(options.ListenClientUrls.Single().ToString(), Is.EqualTo("http://localhost:2379"));
            Assert.That(options.InitialCluster, Is.EqualTo("default=http://localhost:2380"));
            Assert.That(options.QuotaBytes, Is.EqualTo(2L << 30));
            Assert.That(options.MaxTxnOps, Is.EqualTo(128));
            Assert.That(options.MaxRequestBytes, Is.EqualTo(1_572_864));
            Assert.That(options.RequestTimeout, Is.EqualTo(TimeSpan.FromSeconds(7)));
            Assert.That(options.LogOutputs, Is.EqualTo(new[] { "stderr" }));
        });
    }

    [TestCase("--name", "n1")]
    [TestCase("-name", "n1")]
    [TestCase("--name=n1")]
    [TestCase("-name=n1")]
    public void One_or_two_dashes_and_both_forms_of_value_are_read(params string[] arguments) =>
        Assert.That(Parse(arguments), Has.Property(nameof(ServerOptions.Name)).EqualTo("n1")
            .And.Property(nameof(ServerOptions.DataDirectory)).EqualTo("n1.etcd"));

    [TestCase("--enable-grpc-gateway", true)]
    [TestCase("--enable-grpc-gateway=true", true)]
    [TestCase("--enable-grpc-gateway=0", false)]
    [TestCase("--enable-grpc-gateway=F", false)]
    public void A_switch_takes_its_value_only_after_an_equals_sign(string flag, bool expected) =>
        Assert.That(Parse(flag).EnableGateway, Is.EqualTo(expected));

    [TestCase("--no-such-flag", 2, "unknown flag --no-such-flag")]
    [TestCase("--experimental-watch-progress-notify-interval=1s", 2, "try --watch-progress-notify-interval")]
    [TestCase("--name", 2, "needs a value")]
    [TestCase("serve", 2, "not a flag")]
    [TestCase("--max-txn-ops=many", 2, "whole number")]
    [TestCase("--max-txn-ops=0", 2, "from 1 to")]
    [TestCase("--grpc-keepalive-timeout=20", 2, "number with a unit")]
    [TestCase("--log-level=loud", 2, "use one of debug")]
    [TestCase("--enable-grpc-gateway=maybe", 2, "true or false")]
    [TestCase("--listen-client-urls=http://127.0.0.1:2379", 1, "--advertise-client-urls is required")]
    [TestCase("--listen-peer-urls=http://db.example:2380", 1, "expected IP in URL for binding")]
    [TestCase("--advertise-client-urls=127.0.0.1:2379", 2, "scheme must be http")]
    [TestCase("--advertise-client-urls=http://127.0.0.1:2379/v3", 2, "must not contain a path")]
    [TestCase("--advertise-client-urls=http://127.0.0.1", 2, "host:port")]
    [TestCase("--election-timeout=400", 1, "5 times")]
    [TestCase("--election-timeout=50001", 2, "from 5 to 50000")]
    [TestCase("--cert-file=a.crt", 1, "must be given together")]
    [TestCase("--client-cert-auth", 1, "needs --trusted-ca-file")]
    [TestCase("--initial-cluster=default=http://10.0.0.1:2380,b=http://10.0.0.2:2380", 1,
        "--initial-cluster has default=http://10.0.0.1:2380 but missing from --initial-advertise-peer-urls=http://localhost:2380")]
    [TestCase("--initial-cluster=a=http://10.0.0.1:2380", 1, "couldn't find local name \"default\" in the initial cluster configuration")]
    [TestCase("--initial-cluster=default=http://localhost:2380,b=http://localhost:2380", 1, "has duplicate url")]
    [TestCase("--initial-cluster=default", 1, "empty URL given for \"default\"")]
    [TestCase("--initial-cluster=default=localhost:2380", 1, "scheme must be http")]
    [TestCase("--initial-advertise-peer-urls=http://10.0.0.1:2380,http://10.0.0.9:2380 --initial-cluster=default=http://10.0.0.1:2380", 1,
        "--initial-advertise-peer-urls has http://10.0.0.9:2380 but missing from --initial-cluster=default=http://10.0.0.1:2380")]
    [TestCase("--listen-peer-urls=https://127.0.0.1:2380", 1, "needs TLS: give --peer-cert-file")]
    [TestCase("--listen-peer-urls=unix:///tmp/peer", 1, "must be http or https")]
    [TestCase("--peer-cert-file=a.crt", 1, "--peer-cert-file and --peer-key-file must be given together")]
    [TestCase("--peer-client-cert-auth", 1, "needs --peer-trusted-ca-file")]
    [TestCase("--peer-cert-allowed-cn=a --peer-cert-allowed-hostname=b", 1, "exclude each other")]
    [TestCase("--unsafe-no-fsync", 1, "not supported")]
    [TestCase("--auto-compaction-retention=soon", 1, "auto-compaction-retention")]
    public void What_makes_no_sense_is_refused_in_one_line(string flag, int exitCode, string complaint)
    {
        var refusal = Assert.Throws<OptionException>(() => Parse(flag.Split(' ')));

        Assert.Multiple(() =>
        {
            Assert.That(refusal!.Message, Does.Contain(complaint).And.Not.Contain("\n"));
            Assert.That(refusal.ExitCode, Is.EqualTo(exitCode));
        });
    }

    [TestCase("periodic", "1", 60.0)]
    [TestCase("periodic", "10m", 10.0)]
    [TestCase("periodic", "1h30m", 90.0)]
    [TestCase("periodic", "0", 0.0)]
    public void Periodic_retention_without_a_unit_is_hours(string mode, string retention, double minutes) =>
        Assert.That(
            Parse("--auto-compaction-mode", mode, "--auto-compaction-retention", retention).AutoCompactionPeriod,
            Is.EqualTo(TimeSpan.FromMinutes(minutes)));

    [Test]
    public void Revision_retention_is_a_number_of_revisions() =>
        Assert.That(
            Parse("--auto-compaction-mode=revision", "--auto-compaction-retention=1000").AutoCompactionRevisions,
            Is.EqualTo(1000));

    [Test]
    public void Variables_set_options_and_unknown_ones_are_reported()
    {
        ParsedCommandLine parsed = ServerOptionsParser.Parse([], new Dictionary<string, string>
        {
            ["ETCD_DATA_DIR"] = "/data",
            ["ETCD_NONSENSE"] = "1",
            ["ETCDCTL_API"] = "3",
        });

        Assert.Multiple(() =>
        {
            Assert.That(parsed.Options!.DataDirectory, Is.EqualTo("/data"));
            Assert.That(parsed.Warnings, Has.One.Items.And.One.Contains("ETCD_NONSENSE"));
        });
    }

    [Test]
    public void A_flag_and_a_variable_for_one_option_are_a_conflict() =>
        Assert.That(
            () => ServerOptionsParser.Parse(["--name=a"], new Dictionary<string, string> { ["ETCD_NAME"] = "a" }),
            Throws.TypeOf<OptionException>().With.Message.Contains("ETCD_NAME"));

    [Test]
    public void Options_without_effect_are_reported_only_when_they_differ_from_the_default()
    {
        ParsedCommandLine parsed = ServerOptionsParser.Parse(["--snapshot-count=10000", "--max-wals=9"], _noEnvironment);

        Assert.That(parsed.Warnings, Has.One.Items.And.One.Contains("--max-wals"));
    }

    [Test]
    public void A_configuration_file_replaces_flags_and_variables()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, Guid.NewGuid() + ".yml");
        File.WriteAllText(path, """
            name: from-file
            listen-client-urls: https://127.0.0.1:0,http://127.0.0.1:0
            advertise-client-urls: https://127.0.0.1:2379
            watch-progress-notify-interval: 5000000000
            warning-unary-request-duration: 1s
            log-outputs: [stdout, stderr]
            initial-cluster:
            mystery: 1
            client-transport-security:
              cert-file: server.crt
              key-file: server.key
              client-cert-auth: true
              trusted-ca-file: ca.crt
            """);
        try
        {
            ParsedCommandLine parsed = ServerOptionsParser.Parse(
                ["--config-file", path, "--name=from-flag"], new Dictionary<string, string> { ["ETCD_DATA_DIR"] = "/elsewhere" });

            ServerOptions options = parsed.Options!;
            Assert.Multiple(() =>
            {
                Assert.That(options.Name, Is.EqualTo("from-file"));
                Assert.That(options.DataDirectory, Is.EqualTo("from-file.etcd"));
                Assert.That(options.ListenClientUrls, Has.Count.EqualTo(2));
                Assert.That(options.WatchProgressInterval, Is.EqualTo(TimeSpan.FromSeconds(5)));
                Assert.That(options.SlowRequestThreshold, Is.EqualTo(TimeSpan.FromSeconds(1)));
                Assert.That(options.LogOutputs, Is.EqualTo(new[] { "stdout", "stderr" }));
                Assert.That(options.ClientTls.CertFile, Is.EqualTo("server.crt"));
                Assert.That(options.ClientTls.ClientCertAuth, Is.True);
                Assert.That(parsed.Warnings, Has.Some.Contains("mystery").And.Some.Contains("ignored"));
            });
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void A_missing_configuration_file_is_told() =>
        Assert.That(() => Parse("--config-file", "/no/such/file.yml"), Throws.TypeOf<OptionException>().With.Message.Contains("/no/such"));

    [Test]
    public void Help_lists_every_option()
    {
        Assert.That(ServerOptionsParser.Parse(["--help"], _noEnvironment).Options, Is.Null);
        foreach (string name in OptionTable.ByName.Keys)
        {
            Assert.That(ServerUsage.Text, Does.Contain("  --" + name));
        }
    }

    [TestCase("1h15m30.5s", 4530.5)]
    [TestCase("250ms", 0.25)]
    [TestCase("-1.5s", -1.5)]
    [TestCase("0", 0.0)]
    public void Durations_are_read_as_go_writes_them(string text, double seconds)
    {
        Assert.That(GoDuration.TryParse(text, out TimeSpan duration), Is.True);
        Assert.That(duration, Is.EqualTo(TimeSpan.FromSeconds(seconds)));
    }

    [TestCase("")]
    [TestCase("5")]
    [TestCase("s")]
    [TestCase("5 s")]
    [TestCase("5d")]
    [TestCase("1.2.3s")]
    public void What_is_no_duration_is_refused(string text) => Assert.That(GoDuration.TryParse(text, out _), Is.False);

    [TestCase(3600.0, "1h0m0s")]
    [TestCase(61.5, "1m1.5s")]
    [TestCase(0.25, "250ms")]
    [TestCase(0.0, "0s")]
    public void Durations_are_written_as_go_writes_them(double seconds, string text) =>
        Assert.That(GoDuration.Format(TimeSpan.FromSeconds(seconds)), Is.EqualTo(text));

    private static ServerOptions Parse(params string[] arguments) => ServerOptionsParser.Parse(arguments, _noEnvironment).Options!;
}
