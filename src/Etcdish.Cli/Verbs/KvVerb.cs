using System.CommandLine;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kv: reads and writes any etcd, for those without etcdctl.</summary>
internal static class KvVerb
{
    public static Command Command() => new("kv", "Read and write keys of any etcd.")
    {
        KvGetVerb.Command(), KvPutVerb.Command(), KvDelVerb.Command(), KvWatchVerb.Command(), KvTxnVerb.Command(),
        KvLeaseVerb.Command(), KvStatusVerb.Command(),
    };
}
