using Etcdish.Load.Http2;

namespace Etcdish.Client.Tests.Load;

public sealed class MessageAssemblyTests
{
    [Test]
    public void Messages_are_found_wherever_the_frames_cut_them()
    {
        byte[] wire = [0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        for (int size = 1; size <= wire.Length; size++)
        {
            MessageAssembly assembly = default;
            List<byte[]> messages = [];
            foreach (byte[] frame in wire.Chunk(size))
            {
                ReadOnlySpan<byte> data = frame;
                while (assembly.TryTake(ref data, out ReadOnlySpan<byte> message))
                {
                    messages.Add(message.ToArray());
                }
            }

            Assert.That(messages, Is.EqualTo(new byte[][] { [1, 2, 3], [], [9] }), $"frames of {size} bytes");
        }
    }

    [Test]
    public void Compressed_messages_are_refused() => Assert.That(
        () =>
        {
            MessageAssembly assembly = default;
            ReadOnlySpan<byte> data = [1, 0, 0, 0, 0];
            assembly.TryTake(ref data, out _);
        },
        Throws.TypeOf<InvalidDataException>());
}
