using System.Buffers;
using System.Text;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Snapshots of the real store, while it goes on.</summary>
[TestFixture]
internal sealed class RevisionStoreSnapshotTests
{
    [Test]
    public void Later_writes_and_compactions_do_not_show()
    {
        using var node = new Node();
        node.Grant(0x77, 600);
        for (int i = 0; i < 300; i++)
            node.Put($"k{i % 40}", $"value {i}", lease: i % 5 == 0 ? 0x77 : 0);
        node.Delete("k7");
        node.Compact(150);
        while (node.Store.CompactStep(1000))
        {
        }

        using var state = new RevisionStoreSnapshot(node.Store, node, []);
        string[] expected = [.. Lines(state)];
        var writer = new EtcdSnapshotWriter(state);
        for (int i = 0; i < 300; i++)
            node.Put($"k{i % 40}", "later");
        node.Compact(node.Store.CurrentRevision);
        while (node.Store.CompactStep(1000))
        {
        }

        using var file = new MemoryStream();
        foreach (SnapshotBlob blob in writer.WriteBlobs())
            file.Write(blob.Bytes.Span);
        using var snapshot = new EtcdSnapshotReader(new MemoryStream(file.ToArray()), skipChecksum: false);

        Assert.That(Lines(snapshot), Is.EqualTo(expected));
        Assert.That(expected, Has.Length.EqualTo(40 + 301 - 149), "each key as of 150, and every change after that");
        Assert.That(snapshot.CompactedRevision, Is.EqualTo(150));
        Assert.That(snapshot.ReadLeases(), Is.EqualTo(new[] { new LeaseInfo(0x77, 600, 0) }));
    }

    [Test]
    public void The_log_is_held_until_the_snapshot_is_sent()
    {
        using var node = new Node();
        node.Put("a", "1");

        var state = new RevisionStoreSnapshot(node.Store, node, []);
        int held = node.OpenScopes;
        state.Dispose();

        Assert.That(held, Is.EqualTo(1));
        Assert.That(node.OpenScopes, Is.Zero);
    }

    private static IEnumerable<string> Lines(RevisionStoreSnapshot state)
    {
        foreach (KeyRevision revision in state.Revisions())
        {
            byte[] value = new byte[revision.Value.Length];
            if (value.Length > 0)
                state.Values.Read(revision.Value, value);
            yield return $"{revision.ModRevision}.{revision.SubRevision} {Encoding.UTF8.GetString(revision.Key)} {revision.CreateRevision} "
                + $"{revision.Version} {revision.Lease} {revision.IsTombstone} {Encoding.UTF8.GetString(value)}";
        }
    }

    private static IEnumerable<string> Lines(EtcdSnapshotReader snapshot)
    {
        EtcdRevisionReader revisions = snapshot.OpenRevisions();
        while (revisions.MoveNext())
        {
            SnapshotRevision revision = revisions.Current;
            SnapshotKeyValue pair = revision.Pair;
            yield return $"{revision.ModRevision}.{revision.SubRevision} {Encoding.UTF8.GetString(pair.Key.Span)} {pair.CreateRevision} "
                + $"{pair.Version} {pair.Lease} {revision.IsTombstone} {Encoding.UTF8.GetString(pair.Value.Span)}";
        }
    }

    /// <summary>A store over a log in memory, one entry to a segment.</summary>
    private sealed class Node : IValueSource, IDisposable
    {
        private readonly List<byte[]> _payloads = [];

        public Node() => Store = new RevisionStore(this, new StoreOptions());

        public RevisionStore Store { get; }

        public int OpenScopes { get; private set; }

        public void Put(string key, string value, long lease = 0) => Apply(EntryKind.Put, output => RequestEncoder.Encode(
            new PutRequest { Key = Encoding.UTF8.GetBytes(key), Value = Encoding.UTF8.GetBytes(value), Lease = lease }, output));

        public void Delete(string key) => Apply(EntryKind.DeleteRange, output => RequestEncoder.Encode(
            new DeleteRangeRequest { Key = Encoding.UTF8.GetBytes(key) }, output));

        public void Compact(long revision) => Apply(EntryKind.Compact, output => RequestEncoder.Encode(
            new CompactionRequest { Revision = revision }, output));

        public void Grant(long id, long ttl) => Apply(EntryKind.LeaseGrant, output => RequestEncoder.Encode(
            new LeaseGrantRequest { Id = id, TtlSeconds = ttl }, output));

        public void Read(in ValueReference reference, Span<byte> destination)
            => _payloads[(int)reference.Segment].AsSpan((int)reference.Offset, reference.Length).CopyTo(destination);

        public ReadScope EnterRead()
        {
            OpenScopes++;
            return new ReadScope(this, 1);
        }

        public void ExitRead(int token) => OpenScopes -= token;

        public void Dispose() => Store.Dispose();

        private void Apply(EntryKind kind, Action<IBufferWriter<byte>> encode)
        {
            var output = new ArrayBufferWriter<byte>();
            encode(output);
            byte[] payload = output.WrittenSpan.ToArray();
            _payloads.Add(payload);
            Store.Apply(new StoreEntry((ulong)_payloads.Count, term: 1, kind, payload, (uint)(_payloads.Count - 1), payloadOffset: 0));
        }
    }
}
