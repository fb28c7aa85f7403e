using System.Text;

namespace Etcdish.Server.Configuration;

/// <summary>Text of <c>etcdish server --help</c>.</summary>
public static class ServerUsage
{
    private const int HelpColumn = 42;

    /// <summary>The text, with a line end after each line.</summary>
    public static string Text { get; } = Build();

    private static string Build()
    {
        var text = new StringBuilder("""
            Usage: etcdish server [flags]

            Serves etcd's v3 API. Each flag can also be set as ETCD_* variable (--data-dir is ETCD_DATA_DIR) or, instead of all flags and
            variables, in a YAML file (--config-file).

            Examples:
              etcdish server
              etcdish server --data-dir /var/lib/etcdish --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://10.0.0.5:2379
              etcdish server --cert-file server.crt --key-file server.key --client-cert-auth --trusted-ca-file ca.crt \
                --listen-client-urls https://0.0.0.0:2379 --advertise-client-urls https://db.example:2379
              etcdish server --name a --initial-cluster a=http://10.0.0.1:2380,b=http://10.0.0.2:2380,c=http://10.0.0.3:2380 \
                --listen-peer-urls http://10.0.0.1:2380 --initial-advertise-peer-urls http://10.0.0.1:2380 \
                --listen-client-urls http://10.0.0.1:2379 --advertise-client-urls http://10.0.0.1:2379

            """);
        foreach ((string title, OptionDefinition[] options) in OptionTable.Sections)
        {
            text.Append('\n').Append(title).Append(":\n");
            foreach (OptionDefinition option in options)
            {
                Append(text, option);
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, OptionDefinition option)
    {
        string value = option.Default.Length > 0 ? $" '{option.Default}'" : option.Kind == OptionKind.Switch ? "" : " ''";
        string flag = $"  --{option.Name}{value}";
        text.Append(flag);
        text.Append(flag.Length < HelpColumn ? new string(' ', HelpColumn - flag.Length) : "\n" + new string(' ', HelpColumn));
        text.Append(option.Help);
        if (option.Support == OptionSupport.NoEffect)
        {
            text.Append(" No effect.");
        }
        else if (option.Support == OptionSupport.RefusedUnlessDefault)
        {
            text.Append(" Refused.");
        }

        if (option.Choices is { } choices)
        {
            text.Append(" One of ").AppendJoin(", ", choices.Where(choice => choice.Length > 0)).Append('.');
        }

        text.Append('\n');
    }
}
