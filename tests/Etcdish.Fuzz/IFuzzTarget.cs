namespace Etcdish.Fuzz;

/// <summary>One reader of bytes that nobody has checked. The same input always takes the same course.</summary>
internal interface IFuzzTarget
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>Makes the next input; all chance comes from <paramref name="random"/>.</summary>
    byte[] MakeInput(Random random);

    /// <summary>
    /// Reads the input. Returns false when the reader refused it with the exception that it documents; every other exception is a failure.
    /// </summary>
    /// <exception cref="ContractException">The reader accepted what it should not have, or made something else of it.</exception>
    bool Accepts(byte[] input);

    /// <summary>Bytes that reading an input may allocate in all, the target's own checking included.</summary>
    long MostAllocatedBytes(byte[] input) => (1 << 20) + 1024L * input.Length;
}

/// <summary>A reader broke its contract.</summary>
internal sealed class ContractException(string message) : Exception(message);
