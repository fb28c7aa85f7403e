using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// A decoder of requests: it throws <see cref="MalformedRequestException"/> only, and where it takes the bytes, Google's parser takes them
/// too and finds the same fields. ProtobufReference names the exceptions.
/// </summary>
/// <typeparam name="T">Something that is equal when the fields are.</typeparam>
internal abstract class RequestTarget<T>(string name) : IFuzzTarget
    where T : class
{
    public string Name { get; } = name;

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, MakeValid);

    // For Google's parser, which was seen to allocate 2 MiB for 60 bytes when a length close to 2 GiB overflows its limits.
    public long MostAllocatedBytes(byte[] input) => 64 << 20;

    public bool Accepts(byte[] input)
    {
        var ours = TryDecode(input);
        if (!ProtobufReference.TryParse(() => Reference(input), out var theirs, out var isTooDeep))
        {
            return ours is null || isTooDeep ? ours is not null : throw new ContractException($"taken, Google's parser refuses: {ours}");
        }

        if (ours is null)
        {
            return ProtobufReference.MayHoldLongVarint(input) || IsOurLimit(theirs)
                ? false
                : throw new ContractException($"refused, Google's parser makes {theirs}");
        }

        return AreEqual(ours, theirs) ? true : throw new ContractException($"decoded as {ours}, Google's parser makes {theirs}");
    }

    protected abstract byte[] MakeValid(Random random);

    /// <summary>Our decoder.</summary>
    protected abstract T Decode(byte[] input);

    /// <summary>Google's.</summary>
    protected abstract T Reference(byte[] input);

    protected virtual bool AreEqual(T ours, T theirs) => ours.Equals(theirs);

    /// <summary>Whether we refuse what Google's parser made of the input on purpose.</summary>
    protected virtual bool IsOurLimit(T theirs) => false;

    private T? TryDecode(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        T? decoded = null;
        try
        {
            decoded = Decode(input);
        }
        catch (MalformedRequestException)
        {
            // The documented way to refuse.
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= (64 << 10) + 1024L * input.Length
            ? decoded
            : throw new ContractException($"decoding {input.Length} bytes allocated {allocated}");
    }
}
