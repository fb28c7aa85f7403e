namespace Etcdish.Simulation;

internal static class Program
{
    public static int Main(string[] arguments) => new Command(Console.Out).Run(arguments);
}
