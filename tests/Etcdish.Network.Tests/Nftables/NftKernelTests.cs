using Etcdish.Network.Links;
using Etcdish.Network.Nftables;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>Elements by netlink are what they are by the program nft.</summary>
public sealed class NftKernelTests
{
    private const string Sets =
        """
        add table ip t
        delete table ip t
        add table ip t
        add chain ip t one
        add set ip t addresses { type ipv4_addr ; }
        add set ip t pairs { type ipv4_addr . ipv4_addr ; }
        add set ip t fronts { type ipv4_addr . inet_proto . inet_service ; }
        add set ip t ranges { type ipv4_addr ; flags interval ; }
        add map ip t ports { type inet_proto . inet_service : verdict ; }
        add map ip t ends { typeof ip daddr . meta l4proto . th dport . numgen random mod 2 : ip daddr . th dport ; }
        add table inet t
        delete table inet t
        add table inet t
        add map inet t judged { type ipv6_addr : verdict ; }

        """;

    private const string Elements =
        """
        add element ip t addresses { 10.0.0.1, 10.0.0.2, 10.0.0.3 }
        add element ip t pairs { 10.0.0.1 . 10.0.0.1 }
        add element ip t fronts { 10.0.0.1 . tcp . 80 comment "shop/web:http", 10.0.0.1 . udp . 53, 10.0.0.2 . sctp . 65535 }
        add element ip t ports { tcp . 1 : goto one, tcp . 2 : drop, udp . 3 comment "a/b" : accept, udp . 4 : jump one, udp . 5 : return }
        add element ip t ends { 10.0.0.1 . tcp . 80 . 2000 : 10.9.0.1 . 8080, 10.0.0.1 . tcp . 80 . 2001 : 10.9.0.2 . 443 }
        add element inet t judged { fd00::1 : drop, 2001:db8::ff : accept }

        """;

    private const string Changes =
        """
        delete element ip t addresses { 10.0.0.2 }
        delete element ip t ports { udp . 3 }
        delete element ip t ends { 10.0.0.1 . tcp . 80 . 2001 }
        add element ip t ends { 10.0.0.1 . tcp . 80 . 2001 : 10.9.0.3 . 444 }
        delete element inet t judged { fd00::1 }

        """;

    private ProxyNetwork _network = null!;

    [OneTimeSetUp]
    public void Build() => _network = ProxyNetwork.Create();

    [OneTimeTearDown]
    public void Remove() => _network?.Dispose();

    [Test]
    public async Task Both_ways_lead_to_the_same()
    {
        var kernel = _network.NftKernel();
        await ApplyAsync(kernel, Sets, Elements, Changes);
        kernel.Dispose();
        var direct = List();
        Assert.That(kernel.DirectCount, Is.EqualTo(2));

        await ApplyAsync(_network.NftProgram(), Sets, Elements, Changes);
        Assert.That(direct, Is.EqualTo(List()));
        Assert.That(direct, Does.Contain("10.9.0.3").And.Contain("shop/web:http").And.Not.Contain("10.9.0.2"));
    }

    [Test]
    public async Task A_list_of_any_length_is_one_transaction()
    {
        var kernel = _network.NftKernel();
        await ApplyAsync(kernel, Sets, $"add element ip t addresses {{ {string.Join(", ", Addresses(2000))} }}\n");
        Assert.That((kernel.DirectCount, Count("addresses")), Is.EqualTo((1, 2000)));

        // More than the socket takes at once.
        await ApplyAsync(kernel, $"add element ip t addresses {{ {string.Join(", ", Addresses(10_000))} }}\n");
        Assert.That((kernel.DirectCount, Count("addresses")), Is.EqualTo((1, 10_000)));
    }

    [Test]
    public async Task A_refusal_names_the_command_and_leaves_all_as_it_was()
    {
        var kernel = _network.NftKernel();
        await ApplyAsync(kernel, Sets, Elements);
        var before = List();
        Assert.That(
            async () => await ApplyAsync(
                kernel, "add element ip t addresses { 10.0.0.9 }\ndelete element ip t pairs { 10.0.0.7 . 10.0.0.7 }\nadd element ip t addresses { 10.0.0.8 }\n"),
            Throws.InstanceOf<IOException>().With.Message.Contains("delete element ip t pairs { 10.0.0.7 . 10.0.0.7 }").And.Message.Contains("errno 2"));
        Assert.That(List(), Is.EqualTo(before));
    }

    [TestCase("add element ip t ranges { 10.0.0.0/8 }", TestName = "A range")]
    [TestCase("add element ip t addresses { 10.0.0.0-10.0.0.1 }", TestName = "What is no address")]
    [TestCase("add element ip t unknown { 10.0.0.1 }", TestName = "A set that nobody told of")]
    [TestCase("add element ip t addresses { 10.0.0.1 }\nadd chain ip t two", TestName = "More than elements")]
    [TestCase("add element ip t ends { 10.0.0.1 . tcp . 80 : 10.9.0.1 . 8080 }", TestName = "A field too few")]
    [TestCase("add element ip t ports { tcp . 1 }", TestName = "No value")]
    [TestCase("add element ip t ports { tcp . 1 : queue }", TestName = "Another verdict")]
    [TestCase("delete set ip t pairs\n", TestName = "A set goes")]
    public async Task What_is_more_than_elements_goes_to_the_program(string commands)
    {
        var program = new Notes();
        var kernel = new NftKernel(program, static () => throw new InvalidOperationException("no socket is needed"));
        await ApplyAsync(kernel, Sets, commands);
        Assert.That(program.Last, Is.EqualTo(commands));
    }

    [Test]
    public void Without_an_answer_it_is_not_done()
    {
        using var deaf = NetworkNamespaces.In(_network.Node, static () => new NetlinkSocket());
        var forms = new SetForms();
        forms.Learn("add set ip nowhere a { type ipv4_addr ; }");
        Assert.That(
            () => ElementBatch.Compile("add element ip nowhere a { 10.0.0.1 }", forms, 7)!.Send(deaf),
            Throws.InstanceOf<IOException>().With.Message.Contains("nowhere"));
    }

    private static IEnumerable<string> Addresses(int count) => Enumerable.Range(0, count).Select(i => $"10.1.{i / 250}.{i % 250}");

    private static async Task ApplyAsync(INftables nft, params string[] transactions)
    {
        foreach (var commands in transactions)
        {
            await nft.ApplyAsync(commands.AsMemory(), CancellationToken.None);
        }
    }

    private string List() => NftListing.Sort(_network.Run("nft -j list table ip t")) + NftListing.Sort(_network.Run("nft -j list table inet t"));

    private int Count(string set) => _network.Run($"nft list set ip t {set}").Count(c => c == ',') + 1;

    private sealed class Notes : INftables
    {
        public string Last { get; private set; } = "";

        public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
        {
            Last = commands.ToString();
            return Task.CompletedTask;
        }
    }
}
