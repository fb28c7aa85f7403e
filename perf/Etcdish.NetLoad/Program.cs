using System.CommandLine;
using System.Reflection;

// Each class of this assembly that has a static method Command() is a subcommand.
var root = new RootCommand("Measures the network of a cluster: service proxy, names, ingress.");
foreach (var type in Assembly.GetExecutingAssembly().GetTypes().OrderBy(type => type.Name))
{
    if (type.GetMethod("Command", BindingFlags.Static | BindingFlags.Public, []) is { } make && make.Invoke(null, []) is Command command)
    {
        root.Subcommands.Add(command);
    }
}

return await root.Parse(args).InvokeAsync();
