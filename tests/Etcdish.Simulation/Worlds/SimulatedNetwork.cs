namespace Etcdish.Simulation;

/// <summary>Delays of what travels.</summary>
internal sealed class SimulatedNetwork(World world)
{
    private readonly SeededRandom _random = SeededRandom.For(world.Seed, "network");

    /// <summary>One way between a client and a member.</summary>
    public long ClientDelay() => world.Plan.Network.MinDelay + _random.Exponential(world.Plan.Network.MeanDelay);
}
