using System.Buffers.Binary;
using Etcdish.Server.Snapshot;
using Etcdish.Server.Snapshot.Bolt;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Damaged and hostile files end in an error that says where, whatever bytes they hold.</summary>
[TestFixture]
internal sealed class SnapshotDamageTests
{
    private static readonly byte[] _sound = SnapshotFiles.ToArray(SnapshotStates.Busy());

    [Test]
    public void A_flipped_bit_anywhere_breaks_the_checksum([Range(1, 20)] int seed)
    {
        byte[] file = (byte[])_sound.Clone();
        file[new Random(seed).Next(file.Length)] ^= (byte)(1 << (seed % 8));

        Assert.That(() => new EtcdSnapshotReader(new MemoryStream(file), skipChecksum: false), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void Random_damage_without_a_checksum_is_found_or_harmless([Range(1, 60)] int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 25; round++)
        {
            byte[] file = (byte[])_sound.Clone();
            for (int flips = random.Next(1, 6); flips > 0; flips--)
                Damage(file, random);
            ReadAll(file);
        }
    }

    [Test]
    public void Damage_in_metas_headers_and_tables_is_found_or_harmless([Values(0x00, 0x01, 0x7F, 0xFF)] int value)
    {
        for (int page = 0; page < _sound.Length / 4096; page += page < 3 ? 1 : 4)
        {
            for (int offset = 0; offset < 80; offset++)
            {
                byte[] file = (byte[])_sound.Clone();
                file[page * 4096 + offset] = (byte)value;
                ReadAll(file);
            }
        }
    }

    [Test]
    public void A_file_cut_at_any_place_is_refused()
    {
        for (int length = 0; length < _sound.Length - 32; length += 509)
        {
            byte[] file = _sound[..length];
            Assert.That(() => new EtcdSnapshotReader(new MemoryStream(file), skipChecksum: true), Throws.TypeOf<InvalidDataException>());
        }
    }

    [Test]
    public void A_branch_that_is_its_own_child_is_refused()
    {
        byte[] file = BoltRoundTripTests.Write(("data", BoltRoundTripTests.Pairs(1000, 8, _ => 1000)));
        int branch = Enumerable.Range(3, file.Length / 4096 - 3)
            .First(page => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(page * 4096 + 8)) == BoltFormat.BranchPage);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(branch * 4096 + 16 + 8), (ulong)branch);

        Assert.That(
            () => BoltRoundTripTests.Read(file, "data"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("twice").And.Message.Contains($"file offset {branch * 4096}"));
    }

    [Test]
    public void Leaves_in_the_wrong_order_are_refused()
    {
        byte[] file = BoltRoundTripTests.Write(("data", BoltRoundTripTests.Pairs(1000, 8, _ => 1000)));
        Span<byte> first = file.AsSpan(3 * 4096, 4096);
        Span<byte> second = file.AsSpan(4 * 4096, 4096);
        byte[] kept = first.ToArray();
        second.CopyTo(first);
        kept.CopyTo(second);
        BinaryPrimitives.WriteUInt64LittleEndian(first, 3);
        BinaryPrimitives.WriteUInt64LittleEndian(second, 4);

        Assert.That(
            () => BoltRoundTripTests.Read(file, "data"), Throws.TypeOf<InvalidDataException>().With.Message.Contains("out of order"));
    }

    [Test]
    public void Bytes_that_are_no_snapshot_are_refused([Values(0, 32, 4096, 20_000)] int length)
    {
        byte[] file = new byte[length];
        new Random(length).NextBytes(file);

        Assert.That(() => new EtcdSnapshotReader(new MemoryStream(file), skipChecksum: true), Throws.TypeOf<InvalidDataException>());
    }

    /// <summary>Reads everything; any other error than the promised one fails the test.</summary>
    private static void ReadAll(byte[] file)
    {
        try
        {
            using var snapshot = new EtcdSnapshotReader(new MemoryStream(file), skipChecksum: true);
            EtcdRevisionReader revisions = snapshot.OpenRevisions();
            int changes = 0;
            while (revisions.MoveNext())
                changes++;
            Assert.That(changes, Is.LessThan(10_000));
            _ = snapshot.ReadLeases().Count();
            _ = snapshot.ReadAlarms().Count();
            _ = snapshot.IsAuthEnabled;
            _ = SnapshotStatus.Of(snapshot);
        }
        catch (InvalidDataException error)
        {
            Assert.That(error.Message, Does.Contain("file offset"));
        }
    }

    private static void Damage(byte[] file, Random random)
    {
        int page = random.Next(file.Length / 4096) * 4096;
        int at = page + (random.Next(2) == 0 ? random.Next(64) : random.Next(4096));
        file[at] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)random.Next(256) };
    }
}
