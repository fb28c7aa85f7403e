namespace Etcdish.Interop;

/// <summary>Who is who and who may do what, as users of kubectl see it, on the store in the process and on a genuine etcd.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlAuthTests(bool onGenuineEtcd)
{
    private const string Tokens = """
        jane-token,jane,uid-1,"devs"
        otto-token,otto,uid-2,"ops"
        """;

    private const string Reconciled = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: node-reader}
        rules:
        - {apiGroups: [""], resources: [nodes], verbs: [get, list]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: node-readers}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: node-reader}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: ops}
        """;

    [Test]
    public void Users_see_who_they_are_and_what_they_may_do() => Run("""
        auth whoami => ATTRIBUTE +VALUE\nUsername +kubernetes-admin\nGroups +\[system:masters system:authenticated\]\n.*X509SHA256=.*
        auth whoami -o jsonpath={.status.userInfo.username} => kubernetes-admin
        config set-credentials jane --token=jane-token => User "jane" set\.
        config set-credentials wrong --token=nobodys => User "wrong" set\.
        --user=jane auth whoami => ATTRIBUTE +VALUE\nUsername +jane\nUID +uid-1\nGroups +\[devs system:authenticated\]
        --user=wrong get pods !=> .*error: You must be logged in to the server.*
        --user=jane get pods !=> Error from server \(Forbidden\): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"
        --user=jane create configmap x !=> .*configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"
        --user=jane get nodes !=> Error from server \(Forbidden\): nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope
        --user=jane auth can-i get pods !=> no
        create role pod-reader --verb=get,list,watch --resource=pods,pods/log => role\.rbac\.authorization\.k8s\.io/pod-reader created
        create rolebinding devs-read --role=pod-reader --group=devs => rolebinding\.rbac\.authorization\.k8s\.io/devs-read created
        --user=jane get pods => No resources found in default namespace\.
        --user=jane auth can-i get pods => yes
        --user=jane auth can-i get pods --subresource=log => yes
        --user=jane auth can-i delete pods !=> no
        --user=jane auth can-i get pods -n kube-system !=> no
        --user=jane auth can-i get /healthz => yes
        --user=jane auth can-i get /metrics !=> no
        --user=jane auth can-i --list => .*selfsubjectreviews.authentication.k8s.io .*pods/log +\[\] +\[\] +\[get list watch\].*\[/openapi\] .*
        auth can-i '*' '*' => yes
        create clusterrolebinding ottos-view --clusterrole=view --user=otto => clusterrolebinding\.rbac\.authorization\.k8s\.io/ottos-view created
        config set-credentials otto --token=otto-token => User "otto" set\.
        --user=otto get configmaps -A => .*kube-root-ca.crt.*
        --user=otto get secrets !=> .*secrets is forbidden: User "otto" cannot list resource "secrets".*
        delete rolebinding devs-read => rolebinding.* deleted.*
        --user=jane get pods !=> .*pods is forbidden.*
        """);

    [Test]
    public void A_master_acts_as_others() => Run("""
        auth whoami --as=zoe --as-group=devs -o jsonpath={.status.userInfo.username}{.status.userInfo.groups} => zoe\["devs","system:authenticated"\]
        auth can-i list pods --as=zoe !=> no
        auth can-i list pods --as=zoe --as-group=system:masters => yes
        create rolebinding zoe-edit --clusterrole=edit --user=zoe => .*created
        auth can-i create deployments.apps --as=zoe => yes
        auth can-i create roles --as=zoe !=> no
        create configmap by-zoe --from-literal=a=b --as=zoe => configmap/by-zoe created
        get pods -n kube-system --as=zoe !=> .*forbidden: User "zoe" cannot list resource "pods" in API group "" in the namespace "kube-system"
        auth can-i get pods --as=system:serviceaccount:default:default !=> no
        create rolebinding default-view --clusterrole=view --serviceaccount=default:default => .*created
        auth can-i get pods --as=system:serviceaccount:default:default => yes
        create role too-much --verb=get --resource=nodes --as=zoe !=> .*roles.rbac.authorization.k8s.io is forbidden: User "zoe" cannot create resource "roles".*
        """);

    [Test]
    public void Nobody_makes_himself_mightier() => Run("""
        create rolebinding yan-admin --clusterrole=admin --user=yan => .*created
        create role within --verb=get --resource=pods --as=yan => role.* created
        create role beyond --verb=get --resource=nodes --as=yan !=> .*roles.rbac.authorization.k8s.io "beyond" is forbidden: user "yan" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get"\]\}
        create rolebinding up --clusterrole=cluster-admin --user=yan --as=yan !=> .*is attempting to grant RBAC permissions not currently held.*
        create rolebinding side --clusterrole=view --user=yan --as=yan => rolebinding.* created
        """);

    [Test]
    public void Roles_are_reconciled_and_aggregated() => Run(
        """
        auth reconcile -f {roles.yaml} => clusterrole\.rbac\.authorization\.k8s\.io/node-reader reconciled.*clusterrolebinding\.rbac\.authorization\.k8s\.io/node-readers reconciled.*
        auth reconcile -f {roles.yaml} => .*node-reader.*
        auth can-i list nodes --as=otto --as-group=ops => yes\n+Warning: resource 'nodes' is not namespace scoped.*
        get clusterrole view edit admin cluster-admin -o name => (clusterrole\.rbac\.authorization\.k8s\.io/[a-z-]+\n?){4}
        create clusterrole more --verb=get --resource=leases.coordination.k8s.io => .*created
        label clusterrole more rbac.authorization.k8s.io/aggregate-to-view=true => .*labeled
        wait clusterrole/view --for=jsonpath='{.rules[?(@.apiGroups[0]=="coordination.k8s.io")].verbs[0]}'=get --timeout=20s => .*condition met
        describe clusterrole view => .*leases.coordination.k8s.io +\[\] +\[\] +\[get\].*
        describe clusterrolebinding cluster-admin => .*Kind: +ClusterRole.*Group +system:masters.*
        """,
        ("roles.yaml", Reconciled));

    [Test]
    public void The_token_of_an_account_is_good_for_what_it_may_do()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("""
            create serviceaccount robot => serviceaccount/robot created
            create role r --verb=list --resource=configmaps => .*created
            create rolebinding r --role=r --serviceaccount=default:robot => .*created
            create token none !=> error: failed to create token: serviceaccounts "none" not found
            create token robot --duration=1m !=> error: failed to create token: TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes
            """);
        var token = server.Kubectl("create token robot --duration=10m").StandardOutput.Trim();
        var foreign = server.Kubectl("create token robot --audience=vault").StandardOutput.Trim();
        server.Run($$"""
            config set-credentials robot --token={{token}} => User "robot" set\.
            config set-credentials foreign --token={{foreign}} => User "foreign" set\.
            --user=robot auth whoami => .*system:serviceaccount:default:robot.*JTI=.*
            --user=robot get configmaps => .*kube-root-ca.crt.*
            --user=robot get secrets !=> .*secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets".*
            --user=robot get --raw /openid/v1/jwks => .*"alg":"ES256".*
            --user=foreign get configmaps !=> .*error: You must be logged in to the server.*
            delete serviceaccount robot => serviceaccount "robot" deleted.*
            --user=robot get configmaps !=> .*error: You must be logged in to the server.*
            """);
    }

    private void Run(string script, params IReadOnlyList<(string Name, string Content)> files)
    {
        using var server = new KubernetesServer(onGenuineEtcd, Tokens);
        server.Run(script, files);
    }
}
